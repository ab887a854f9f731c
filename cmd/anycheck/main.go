// Command anycheck is the whole platform: server, worker and tools.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"anycheck/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
