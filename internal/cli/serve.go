package cli

import (
	"fmt"

	"anycheck/internal/app"
)

type serveCmd struct{}

func (serveCmd) Run(e *env) error {
	s, err := app.NewServer(e.ctx, e.cfg, e.log, app.ServerOptions{Version: Version})
	if err != nil {
		return err
	}
	defer s.Close()
	if b := s.Bootstrap; b.Made {
		fmt.Fprintf(e.out, "First administrator: %s\n", b.Email)
		if b.Password != "" {
			fmt.Fprintf(e.out, "Password (shown once): %s\n", b.Password)
		}
	}
	fmt.Fprintf(e.out, "AnyCheck %s listens on %s\n", Version, s.URL())
	return s.Run(e.ctx)
}
