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
type comparison struct {
	name string
	run  func(args []string, out io.Writer) error
	// helper is no comparison but a process that one starts.
	helper bool
}

func main() {
	if err := bench(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench runs the comparison that is named, or all of them one after the other.
func bench(args []string, out io.Writer) error {
	comparisons := []comparison{
		{name: "webhooks", run: compareWebhooks},
		{name: "inserts", run: compareInserts},
		{name: "cluster", run: compareClusters},
		{name: "density", run: compareDensity},
		{name: "webhooks-client", run: sendWebhooks, helper: true},
	}
	ran, names := false, ""
	for _, c := range comparisons {
		if !c.helper {
			names += " " + c.name
		}
		if len(args) == 0 || args[0] != c.name && (args[0] != "all" || c.helper) {
			continue
		}
		ran = true
		if !c.helper {
			fmt.Fprintf(out, "== %s\n", c.name)
		}
		if err := c.run(args[1:], out); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	if !ran {
		return fmt.Errorf("name one of: all%s", names)
	}
	return nil
}
