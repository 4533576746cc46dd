// Package asterisk reads the syntax of Asterisk's configuration files: sections,
// templates, includes. What the options mean is the business of the packages
// below and of signaling/dialplan.
//
// It starts no goroutine.
package asterisk
