// Package media keeps what people send beside words: pictures, recordings,
// files. Bytes lie sealed outside the database under the data key of their
// message, so that forgetting the message forgets them. What is shown is a copy
// that was decoded and drawn afresh, never the original.
//
// It also holds the one client through which Onyo speaks to the outside, which
// does not let itself be led to addresses inside the house.
package media
