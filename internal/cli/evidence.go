package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"anycheck/internal/export"
)

type evidCmd struct {
	Verify evidVerifyCmd `cmd:"" help:"Check an evidence bundle, without a server or a connection."`
}

type evidVerifyCmd struct {
	Bundle string   `arg:"" type:"existingfile" help:"The ZIP file of GET /results/{id}/evidence.zip, of POST /privacy/subjects/export or of anycheck privacy export."`
	Keys   []string `name:"key" placeholder:"HEX" help:"Trust this public key (anycheck audit key of the platform that made it); repeat for several."`
}

// Help is shown below the command's flags.
func (evidVerifyCmd) Help() string {
	return `Checks the signature of the manifest, the hash of every file, that nothing is missing or
added, and the proof that the audit records are in the platform's chain.
Without --key it shows that the bundle is whole, not whose it is. Exit code 11: it is not whole.

Examples:
  anycheck evidence verify evidence.zip --key $(ssh platform anycheck audit key)`
}

func (c evidVerifyCmd) Run(e *env) error {
	keys, err := publicKeys(c.Keys)
	if err != nil {
		return err
	}
	f, err := os.Open(c.Bundle)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	found, err := export.CheckBundle(f, info.Size(), keys)
	if err != nil {
		return err
	}
	err = e.print(found, func(w io.Writer) {
		if found.ResultIDs == nil {
			fmt.Fprintf(w, "result %s, bundle made %s\n", found.ResultID, found.MadeAt.UTC().Format(time.DateTime))
		} else {
			fmt.Fprintf(w, "%d results of a person, export made %s\n", len(found.ResultIDs), found.MadeAt.UTC().Format(time.DateTime))
		}
		for _, id := range found.LeftOut {
			fmt.Fprintf(w, "result %s is said to be left out\n", id)
		}
		fmt.Fprintf(w, "%d files (%d bytes) have the hash that the manifest says\n", found.Files, found.Bytes)
		fmt.Fprintf(w, "%d audit records are in the chain", found.Records)
		if found.ProvenAt != nil {
			fmt.Fprintf(w, ", signed up to %s", found.ProvenAt.UTC().Format(time.DateTime))
		}
		fmt.Fprintln(w)
		trust := "which you trust"
		if !found.KeyTrusted {
			trust = "which was not compared: give the platform's with --key"
		}
		fmt.Fprintf(w, "signed with %s, %s\n", found.PublicKey, trust)
		for _, text := range found.Findings {
			fmt.Fprintln(w, "NOT INTACT:", text)
		}
		if len(found.Findings) == 0 {
			fmt.Fprintln(w, "the bundle is whole")
		}
	})
	if err == nil && len(found.Findings) > 0 {
		return errNotIntact
	}
	return err
}
