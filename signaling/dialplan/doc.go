// Package dialplan is extensions.conf: patterns, expressions and variable
// substitution as pure functions, the loaded plan as immutable data, and the
// executor that takes one channel through it.
//
// Layers within the package, from the bottom up:
//
//   - Pattern matches dialled digits; Compare puts patterns in Asterisk's order.
//   - Evaluate computes $[ ], Substitute expands ${ }, both on an Env.
//   - Plan is what Load made of the files; Find and FindLabel search it.
//   - Executor, Call and Channel run it. Applications are functions of type App,
//     given to the executor in one explicit table.
//
// Where Asterisk's result is plainly not what the writer of a file meant, the
// plan is loaded as meant, with a warning; Config.Strict asks for Asterisk's own
// result instead.
//
// The package starts no goroutine: a call runs on the goroutine of whoever calls
// Call.Run, and waits there.
package dialplan
