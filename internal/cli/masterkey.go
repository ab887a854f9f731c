package cli

import (
	"context"
	"fmt"
	"io"

	"anycheck/internal/app"
)

type masterKeyCmd struct {
	List   masterListCmd   `cmd:"" help:"Show the ids of the master keys; the first one wraps new data keys."`
	Rotate masterRotateCmd `cmd:"" help:"Make a new master key and wrap every data key with it. Servers keep running."`
	Prune  masterPruneCmd  `cmd:"" help:"Forget all master keys but the newest. Backups from before the rotation become unreadable."`
}

// Help is shown below the command's flags.
func (masterKeyCmd) Help() string {
	return `Personal data are encrypted under a key for each result and each uploaded file;
the master keys wrap those. The keyset lies in the data folder (master.keys) or in
ANYCHECK_MASTER_KEYS: keep a copy where backups of the data do not lie.

Examples:
  anycheck master-key rotate
  anycheck master-key prune`
}

type masterListCmd struct{}

func (masterListCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error { return e.printKeys(p) })
}

func (e *env) printKeys(p *app.Platform) error {
	ids := p.MasterKeys()
	return e.print(map[string]any{"primary": ids[0], "others": ids[1:]}, func(w io.Writer) {
		for i, id := range ids {
			use := "unwraps"
			if i == 0 {
				use = "wraps and unwraps"
			}
			fmt.Fprintf(w, "%d  %s\n", id, use)
		}
	})
}

type masterRotateCmd struct{}

func (masterRotateCmd) Run(e *env) error { return e.changeKeys((*app.Platform).RotateMasterKey) }

type masterPruneCmd struct{}

func (masterPruneCmd) Run(e *env) error { return e.changeKeys((*app.Platform).PruneMasterKeys) }

func (e *env) changeKeys(change func(*app.Platform, context.Context, func(int)) error) error {
	return e.withPlatform(func(p *app.Platform) error {
		bar := e.bar(-1, "wrapping data keys")
		err := change(p, e.ctx, func(n int) { _ = bar.Add(n) })
		_ = bar.Finish()
		if err != nil {
			return err
		}
		return e.printKeys(p)
	})
}
