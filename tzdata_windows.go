package daybook

import _ "time/tzdata" // Windows has no zones by these names
