// Package cli is the command line: it reads flags, calls package app or the
// HTTP client, and prints for people or, with --json, for programs.
//
// It must not hold rules of its own: what it can do, package app can do.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"anycheck/client"
	"anycheck/internal/config"
	"anycheck/internal/fault"
)

// Version is set when the binary is built.
var Version = "dev"

const description = `AnyCheck verifies identity documents on your own machines.

Examples:
  anycheck serve                                   start API and worker on 127.0.0.1:8080
  anycheck verify --ktp card.jpg --selfie me.jpg   run one verification without a server
  anycheck models pull                             fetch the models that are missing
  anycheck lists import sdn.csv alt.csv add.csv    import a watch list
  anycheck lists update ofac un eu                 download the newest and import what has changed
  anycheck demo                                    drive a server through the whole path

Exit codes: 0 done, 1 fault of ours, 2 bad input, 3 not allowed, 4 not found, 5 wrong state,
6 a limit is used up, 7 something is missing or down, 8 time-out, 10 a hit alerts (screen),
11 what was checked is not intact (audit verify, evidence verify),
12 a server differs from the contract (conformance).`

type root struct {
	config.Config `embed:"" group:"Settings (docs/configuration.md)"`
	JSON          bool `name:"json" help:"Print JSON for programs instead of text for people."`

	Serve   serveCmd       `cmd:"" help:"Start the API and the worker."`
	Verify  verifyCmd      `cmd:"" help:"Run one verification on files, without a server."`
	Demo    demoCmd        `cmd:"" help:"Drive a running system through the whole path and print each answer."`
	Screen  screenCmd      `cmd:"" help:"Ask whether a person is on the imported watch lists, with the reasons."`
	Models  modelsCmd      `cmd:"" help:"List and fetch models."`
	Lists   listsCmd       `cmd:"" help:"Import, download and list watch lists."`
	Regions regionsCmd     `cmd:"" help:"Import and show the table of regions."`
	Bench   benchCmd       `cmd:"" help:"Measure accuracy and speed on your own data."`
	User    userCmd        `cmd:"" help:"Manage users."`
	Group   groupCmd       `cmd:"" help:"Manage groups and their credits."`
	Key     keyCmd         `cmd:"" help:"Manage API keys."`
	Service serviceCmd     `cmd:"" help:"List services, switch them on and off."`
	Config_ configCmd      `cmd:"" name:"config" help:"Print the settings in force, secrets masked."`
	Version versionCmd     `cmd:"" help:"Print the version."`
	Privacy privacyCmd     `cmd:"" help:"Retention and erasure of personal data."`
	Master  masterKeyCmd   `cmd:"" name:"master-key" help:"List, rotate and prune the keys that personal data are encrypted under."`
	Conform conformanceCmd `cmd:"" name:"conformance" help:"Run the AnyCheck contract against a server and print what differs."`
	Audit   auditCmd       `cmd:"" help:"Look at the audit log, check it and sign where it is."`
	Evid    evidCmd        `cmd:"" name:"evidence" help:"Check evidence bundles."`
	Hooks   hooksCmd       `cmd:"" name:"webhooks" help:"Receive, try out, look at and repeat webhooks."`
}

// env is what every command gets.
type env struct {
	ctx      context.Context
	cfg      config.Config
	json     bool
	command  string // as in commandRecords
	out, err io.Writer
	log      *slog.Logger
}

// negative is what kong says of a number below 0 where an argument is meant:
// no command takes one.
var negative = regexp.MustCompile(`^unknown flag (-[0-9.]+)`)

// Run runs one command and returns the exit code.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var r root
	code := -1
	parser, err := kong.New(&r, kong.Name("anycheck"), kong.Description(description), kong.UsageOnError(),
		kong.Writers(stdout, stderr), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Exit(func(n int) { code = n }))
	if err != nil {
		fmt.Fprintln(stderr, "anycheck:", err)
		return 1
	}
	showExamples(parser)
	if len(args) == 0 {
		args = []string{"--help"}
	}
	kctx, err := parser.Parse(args)
	if code >= 0 { // --help
		return code
	}
	if err != nil {
		if m := negative.FindStringSubmatch(err.Error()); m != nil {
			err = fault.New(fault.Invalid, "%s: a number cannot be negative here.", m[1])
		}
	}
	if err == nil {
		err = r.Config.ReadSecretFiles(os.Getenv)
	}
	if err == nil {
		err = r.Config.Validate()
	}
	if err != nil {
		fmt.Fprintln(stderr, "anycheck:", err)
		return fault.MeaningOf(fault.Invalid).Exit
	}
	var level slog.Level
	_ = level.UnmarshalText([]byte(r.LogLevel)) // one of the enum's words
	e := &env{ctx: ctx, cfg: r.Config, json: r.JSON, command: commandName(kctx.Selected()), out: stdout, err: stderr,
		log: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))}
	err = kctx.Run(e)
	if errors.Is(err, errDiffers) {
		return exitDiffers
	}
	if errors.Is(err, errAlert) {
		return exitAlert
	}
	if errors.Is(err, errNotIntact) {
		return exitNotIntact
	}
	if err != nil {
		return e.report(err)
	}
	return 0
}

// report prints an error and says how to exit. Faults of ours are shown with
// their cause: the person at the terminal is the operator.
func (e *env) report(err error) int {
	var api *client.Error
	if errors.As(err, &api) {
		fmt.Fprintln(e.err, "anycheck:", api)
		return fault.MeaningOf(kindOfStatus(api.StatusCode)).Exit
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		if f = unreached(err); f == nil {
			fmt.Fprintln(e.err, "anycheck:", withoutPrefix(err))
			return 1
		}
		err = f
	}
	// What a person can mend is said in the message; the rest is for the log.
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		fmt.Fprintln(e.err, "anycheck:", err)
	} else {
		fmt.Fprintln(e.err, "anycheck:", f.Message)
	}
	return fault.MeaningOf(f.Kind).Exit
}

// withoutPrefix is what an error of the client says, which names itself.
func withoutPrefix(err error) string { return strings.TrimPrefix(err.Error(), "anycheck: ") }

// newClient makes a client of the server that a flag names.
func newClient(flag, address string, options ...client.Option) (*client.Client, error) {
	cl, err := client.New(address, options...)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%s: %s.", flag, withoutPrefix(err))
	}
	return cl, nil
}

// unreached is the fault of a call that a server did not answer; nil when err
// is something else.
func unreached(err error) *fault.Error {
	var call *url.Error
	if !errors.As(err, &call) || call.Op == "parse" || errors.Is(err, context.Canceled) {
		return nil
	}
	server := "the server"
	if at, err := url.Parse(call.URL); err == nil {
		server += " at " + at.Scheme + "://" + at.Host
	}
	if call.Timeout() {
		return fault.Wrap(call.Err, fault.Timeout, "No answer in time from %s", server)
	}
	return fault.Wrap(call.Err, fault.Unavailable, "Cannot reach %s", server)
}

func kindOfStatus(status int) fault.Kind {
	switch status {
	case http.StatusBadGateway: // a proxy's word for what is behind it
		return fault.Unavailable
	case http.StatusGatewayTimeout:
		return fault.Timeout
	}
	for k := fault.Internal; k <= fault.Timeout; k++ {
		if fault.MeaningOf(k).HTTP == status {
			return k
		}
	}
	return fault.Internal
}

// print writes v as JSON, or calls text.
func (e *env) print(v any, text func(w io.Writer)) error {
	if e.json {
		enc := json.NewEncoder(e.out)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	text(e.out)
	return nil
}

// table writes rows in columns; the first is the header.
func table(w io.Writer, rows [][]string) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(tw, "\t")
			}
			fmt.Fprint(tw, cell)
		}
		fmt.Fprintln(tw)
	}
	tw.Flush()
}

type versionCmd struct{}

func (versionCmd) Run(e *env) error {
	return e.print(map[string]string{"version": Version}, func(w io.Writer) { fmt.Fprintln(w, Version) })
}

type configCmd struct{}

func (configCmd) Run(e *env) error {
	settings := e.cfg.Redacted()
	return e.print(settings, func(w io.Writer) {
		for _, name := range sortedKeys(settings) {
			fmt.Fprintf(w, "%s=%s\n", name, settings[name])
		}
	})
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
