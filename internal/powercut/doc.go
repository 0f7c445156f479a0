// Package powercut is for tests: a file system on an image of its own, whose power can be cut. It serves Linux, and root.
package powercut
