package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"anycheck/internal/app"
	"anycheck/internal/audit"
	"anycheck/internal/fault"
)

// commandRecord is what a command leaves in the audit log.
type commandRecord struct {
	action audit.Action
	object string // type of the object
	none   string // why it leaves nothing
}

const (
	onlyLooks  = "changes nothing and shows nobody's documents"
	noPlatform = "does not touch the platform's data"
	overHTTP   = "the server records what it is asked"
)

// commandRecords has every command. Those with an action leave one record, in
// the chain of whom it is about, else in the platform's.
var commandRecords = map[string]commandRecord{
	"webhooks listen": {none: noPlatform}, "webhooks trigger": {none: overHTTP}, "webhooks log": {none: overHTTP}, "webhooks replay": {none: overHTTP},
	"group rotate-secret": {action: audit.SecretRotated, object: "group"},
	"serve":               {none: overHTTP}, "demo": {none: overHTTP},
	"verify": {none: noPlatform}, "screen": {none: noPlatform}, "config": {none: noPlatform}, "version": {none: noPlatform},
	"models list": {none: noPlatform}, "models pull": {none: noPlatform},
	"bench ktp": {none: noPlatform}, "bench faces": {none: noPlatform}, "bench screening": {none: noPlatform}, "bench pairs": {none: noPlatform}, "bench pipeline": {none: noPlatform},
	"lists list": {none: onlyLooks}, "lists diff": {none: onlyLooks}, "regions list": {none: onlyLooks}, "regions show": {none: onlyLooks},
	"user list": {none: onlyLooks}, "group list": {none: onlyLooks}, "key list": {none: onlyLooks}, "service list": {none: onlyLooks},
	"audit list": {action: audit.LogViewed}, "audit verify": {none: onlyLooks}, "audit key": {none: onlyLooks},
	"audit checkpoint": {none: "the checkpoint is the record"}, "evidence verify": {none: noPlatform},

	"lists sources": {none: onlyLooks}, "group usage": {none: onlyLooks}, "master-key list": {none: onlyLooks}, "conformance": {none: overHTTP},
	"lists update":      {action: audit.ListImported, object: "list"},
	"user role":         {action: audit.UserChanged, object: "user"},
	"user unlink":       {action: audit.UserUnlinked, object: "user"},
	"group mask":        {action: audit.SettingsChanged, object: "group"},
	"user quota":        {action: audit.SettingsChanged, object: "user"},
	"group limit":       {action: audit.SettingsChanged, object: "group"},
	"group settings":    {action: audit.SettingsChanged, object: "group"},
	"key limit":         {action: audit.SettingsChanged, object: "key"},
	"privacy sweep":     {action: audit.RetentionSwept},
	"privacy report":    {action: audit.LogViewed},
	"privacy export":    {action: audit.SubjectExported, object: "result"},
	"privacy keep":      {action: audit.SettingsChanged, object: "group"},
	"master-key rotate": {action: audit.MasterRotated},
	"master-key prune":  {action: audit.MasterPruned},

	"lists import":    {action: audit.ListImported, object: "list"},
	"lists rollback":  {action: audit.ListRolledBack, object: "list"},
	"regions import":  {action: audit.RegionsImported},
	"user add":        {action: audit.UserCreated, object: "user"},
	"user password":   {action: audit.UserPasswordChanged, object: "user"},
	"user disable":    {action: audit.UserDisabled, object: "user"},
	"user enable":     {action: audit.UserEnabled, object: "user"},
	"group add":       {action: audit.GroupCreated, object: "group"},
	"group credit":    {action: audit.CreditsAdded, object: "group"},
	"key add":         {action: audit.KeyCreated, object: "key"},
	"key revoke":      {action: audit.KeyRevoked, object: "key"},
	"service enable":  {action: audit.SettingsChanged, object: "service"},
	"service disable": {action: audit.SettingsChanged, object: "service"},
}

// commandName is the command without the program's name and its arguments.
func commandName(n *kong.Node) string {
	var words []string
	for ; n != nil && n.Type == kong.CommandNode; n = n.Parent {
		words = append(words, n.Name)
	}
	slices.Reverse(words)
	return strings.Join(words, " ")
}

// beginRecord starts the command's audit record.
func (e *env) beginRecord() {
	r := commandRecords[e.command]
	entry := audit.Begin(r.action, r.object).As(audit.CommandLine)
	entry.Stamp("", "", time.Now())
	if r.action == "" {
		entry.Drop()
	}
	e.ctx = audit.With(e.ctx, entry)
}

// record writes it, with how the command ended.
func (e *env) record(p *app.Platform, err error) error {
	entry := audit.Of(e.ctx)
	entry.Ended(err)
	return errors.Join(err, p.Audit.Append(e.ctx, entry))
}

type auditCmd struct {
	List       auditListCmd       `cmd:"" help:"Show records, newest first."`
	Verify     auditVerifyCmd     `cmd:"" help:"Check that nobody has changed, removed or reordered a record."`
	Checkpoint auditCheckpointCmd `cmd:"" help:"Sign where each chain is now, and print it. Keep the output elsewhere: verify --saved checks against it."`
	Key        auditKeyCmd        `cmd:"" help:"Print the public key that proves checkpoints and evidence bundles."`
}

type auditListCmd struct {
	Since  string `help:"Only from this time on: 2026-11-23, 2026-11-23T12:00:00Z, or 24h for the last day."`
	Until  string `help:"Only before this time."`
	Actor  string `help:"Only what this user (id) or API key (prefix) did."`
	Action string `help:"Only this action, e.g. personal_data.viewed."`
	Object string `help:"Only what was done to the thing with this id."`
	Limit  int    `default:"50" help:"Show at most so many (1 to 10000)."`
	Offset int    `default:"0" help:"Skip so many."`
}

// Help is shown below the command's flags.
func (auditListCmd) Help() string {
	return `Examples:
  anycheck audit list --since 24h --action auth.login_failed
  anycheck audit list --object 0193a7f2-… --json`
}

func (c auditListCmd) Run(e *env) error {
	f := audit.Filter{ActorID: c.Actor, Action: audit.Action(c.Action), ObjectID: c.Object}
	var err error
	if f.From, err = moment(c.Since, "--since"); err != nil {
		return err
	}
	if f.Until, err = moment(c.Until, "--until"); err != nil {
		return err
	}
	if c.Limit < 1 || c.Limit > 10_000 || c.Offset < 0 {
		return fault.New(fault.Invalid, "--limit is not between 1 and 10000, or --offset is negative.")
	}
	return e.withPlatform(func(p *app.Platform) error {
		records, total, err := p.Audit.Find(e.ctx, f, c.Offset, c.Limit)
		if err != nil {
			return err
		}
		shown := struct {
			Total int            `json:"total"`
			Items []audit.Record `json:"items"`
		}{total, append([]audit.Record{}, records...)}
		text := [][]string{{"TIME", "ACTION", "ACTOR", "OBJECT", "OUTCOME", "DETAILS", "CHAIN", "SEQUENCE"}}
		for _, r := range records {
			var details []string
			for _, k := range slices.Sorted(maps.Keys(r.Details)) {
				details = append(details, k+"="+r.Details[k])
			}
			text = append(text, []string{r.At.Format(time.DateTime), string(r.Action), strings.TrimSpace(string(r.Actor.Kind) + " " + r.Actor.ID),
				strings.TrimSpace(r.Object.Type + " " + r.Object.ID), r.Outcome, strings.Join(details, " "), r.Organization, strconv.FormatInt(r.Sequence, 10)})
		}
		return e.print(shown, func(w io.Writer) {
			table(w, text)
			if n := len(records) + c.Offset; n < total {
				fmt.Fprintf(w, "%d more: --offset %d\n", total-n, n)
			}
		})
	})
}

// moment reads a time as people write it.
func moment(text, flag string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		at := time.Now().Add(-d)
		return &at, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return &at, nil
		}
	}
	return nil, fault.New(fault.Invalid, "%s must be like 24h, 2026-11-23 or 2026-11-23T12:00:00Z.", flag)
}

// errNotIntact ends a check that has found something.
var errNotIntact = errors.New("what was checked is not intact")

// exitNotIntact is its exit code.
const exitNotIntact = 11

type auditVerifyCmd struct {
	Organization string   `help:"Only this chain: id of an organization, or platform."`
	Keys         []string `name:"key" placeholder:"HEX" help:"Trust this public key too, for checkpoints from before the secret key was changed."`
	Saved        string   `type:"existingfile" help:"Check against these checkpoints too: the output of anycheck audit checkpoint --json, kept elsewhere."`
}

// Help is shown below the command's flags.
func (auditVerifyCmd) Help() string {
	return `Each chain is walked from its first record, and compared with the signed checkpoints.
What is found is told with the sequence of the record. Exit code 11: something is not as it was.

Examples:
  anycheck audit verify
  anycheck audit verify --saved /media/usb/checkpoints.json --json`
}

func (c auditVerifyCmd) Run(e *env) error {
	keys, err := publicKeys(c.Keys)
	if err != nil {
		return err
	}
	saved, err := savedCheckpoints(c.Saved)
	if err != nil {
		return err
	}
	var found audit.Verified
	err = e.withPlatform(func(p *app.Platform) error {
		if found, err = p.Audit.Verify(e.ctx, c.Organization, keys, saved); err != nil {
			return err
		}
		return e.print(found, func(w io.Writer) {
			for _, chain := range found.Chains {
				fmt.Fprintf(w, "%s: %d records, %d checkpoints, proven up to record %d\n", chain.Organization, chain.Records, chain.Checkpoints, chain.Proven)
			}
			for _, f := range found.Findings {
				fmt.Fprintf(w, "%s, record %d: %s: %s\n", f.Organization, f.Sequence, strings.ToUpper(string(f.Kind)), f.Text)
			}
			if len(found.Findings) == 0 {
				fmt.Fprintln(w, "every record is as it was written")
			}
		})
	})
	if err == nil && len(found.Findings) > 0 {
		return errNotIntact
	}
	return err
}

func publicKeys(texts []string) (audit.Keys, error) {
	var keys audit.Keys
	for _, text := range texts {
		var k audit.PublicKey
		if err := k.UnmarshalText([]byte(strings.TrimSpace(text))); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// maxSaved bounds a file of checkpoints, in bytes.
const maxSaved = 64 << 20

func savedCheckpoints(path string) ([]audit.Checkpoint, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// Several outputs may stand one after another.
	dec := json.NewDecoder(bufio.NewReader(io.LimitReader(f, maxSaved)))
	var all []audit.Checkpoint
	for {
		var some []audit.Checkpoint
		err := dec.Decode(&some)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, "%s is not the output of anycheck audit checkpoint --json.", path)
		}
		all = append(all, some...)
	}
}

type auditCheckpointCmd struct{}

func (auditCheckpointCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		if _, err := p.Audit.CheckpointAll(e.ctx, false); err != nil {
			return err
		}
		last, err := p.Audit.LastCheckpoints(e.ctx)
		if err != nil {
			return err
		}
		return e.print(last, func(w io.Writer) {
			rows := [][]string{{"CHAIN", "SEQUENCE", "TIME", "HASH"}}
			for _, c := range last {
				rows = append(rows, []string{c.Organization, strconv.FormatInt(c.Sequence, 10), c.At.Format(time.DateTime), c.Hash.String()})
			}
			table(w, rows)
		})
	})
}

type auditKeyCmd struct{}

func (auditKeyCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		return e.print(map[string]string{"public_key": p.Audit.PublicKey().String()}, func(w io.Writer) { fmt.Fprintln(w, p.Audit.PublicKey()) })
	})
}
