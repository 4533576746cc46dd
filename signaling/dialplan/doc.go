// Package dialplan is extensions.conf: the loaded plan as immutable data, the executor
// that takes one channel through it, and the applications that need nothing but the
// call itself.
//
// From the bottom up:
//
//   - Load makes a Plan of the files and says which lines it cannot take as they are;
//     Find and FindLabel search it.
//   - Executor, Call and Channel run it. Applications (type App) and functions are
//     given to the executor in explicit tables.
//
// What is pure has rooms of its own, which know nothing of calls: pattern is the names
// of extensions, timing the time conditions, argument what stands between parentheses,
// expr the $[ ], substitute the ${ }. The functions are in function; what in a plan will
// not do what it looks like, lint says, and check of a whole configuration directory.
// Applications that move media or signalling are in signaling/app.
//
// Where Asterisk's result is plainly not what the writer of a file meant, the plan is
// loaded as meant, with a warning; Config.Strict asks for Asterisk's own result instead.
//
// The package starts no goroutine: a call runs on the goroutine of whoever calls
// Call.Run, and waits there.
package dialplan
