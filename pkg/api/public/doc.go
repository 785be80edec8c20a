// Package public is everything an anonymous caller can reach. It reads the
// projection alone, and one receipt by its code: what it never holds it cannot
// leak (DESIGN §4, law 3).
package public
