// Command bench compares Onyo with what else there is for the same work: both
// sides in one run, on the same input, each from its public package. Figures
// are for the machine it runs on; the ratio is what is worth comparing.
package main

import (
	"fmt"
	"io"
	"os"
)

// comparison runs one comparison and prints its figures.
type comparison func(args []string, out io.Writer) error

func main() {
	comparisons := map[string]comparison{
		"cluster": compareClusters,
	}
	if len(os.Args) < 2 || comparisons[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: bench cluster [-points N] [-queries N] [-peers DIR] [-cpuprofile FILE]")
		os.Exit(2)
	}
	if err := comparisons[os.Args[1]](os.Args[2:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
