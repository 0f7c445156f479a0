// Package jsonline reads and writes JSON text without decoding it into Go values, so that names, strings and numbers stay
// spelled as they came.
//
// [ParseObject], [Parser] and [Check] read text of unknown origin and say which rule it breaks. The other functions take
// valid JSON without white space between its parts, which is what a Parser returns and what a book stores; of other text
// they return something, and end.
package jsonline
