// Package daybook is a durable daily event log: a book into which programs append JSON events, each on disk when the
// call returns, in a plain file per day that any tool can read.
package daybook
