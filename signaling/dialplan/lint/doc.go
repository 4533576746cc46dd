// Package lint says what in a loaded dialplan will not do what it looks like: jumps to
// nowhere, applications and functions that are not there, arguments that an application
// does not serve. It judges what can be judged without running anything, and gives every
// warning its file and line.
package lint
