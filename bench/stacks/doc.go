// Package stacks says where a program's processor time goes: it reads the call stacks that
// perf has sampled and adds them up by place, such as the kernel's sending, and by
// function. It is pure.
package stacks
