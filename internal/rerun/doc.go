// Package rerun is for tests: it runs a test once more in a process of its own, as a user without privileges or with
// mounts that nobody else sees. It serves Linux.
package rerun
