package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/alecthomas/kong"

	"anycheck/client"
	"anycheck/internal/app"
	"anycheck/internal/fault"
	"anycheck/internal/outbound"
	"anycheck/internal/verification"
	"anycheck/internal/webhook"
)

type hooksCmd struct {
	Listen  webhooksListenCmd  `cmd:"" help:"Receive webhooks here, check their signatures and print them."`
	Trigger webhooksTriggerCmd `cmd:"" help:"Send a signed sample to an address, from here or by a server."`
	Log     webhooksLogCmd     `cmd:"" help:"Show what a server has sent, or one webhook with its attempts."`
	Replay  webhooksReplayCmd  `cmd:"" help:"Have a server send a webhook, or those of a time range, again."`
}

// serverFlags say which server to call.
type serverFlags struct {
	BaseURL string `name:"base-url" env:"ANYCHECK_BASE_URL" help:"Server to call. Default: the one at ANYCHECK_ADDR."`
	APIKey  string `name:"api-key" env:"ANYCHECK_API_KEY" help:"API key to call it with."`
}

func (f serverFlags) client(e *env) (*client.Client, error) {
	if f.APIKey == "" {
		return nil, fault.New(fault.Unauthenticated, "An API key is needed: --api-key or ANYCHECK_API_KEY.")
	}
	return newClient("--base-url", cmp.Or(f.BaseURL, "http://"+e.cfg.Addr), client.WithAPIKey(f.APIKey))
}

// secretFlags give the secret that signs.
type secretFlags struct {
	Secret     string `env:"ANYCHECK_WEBHOOK_SECRET" help:"Secret that signs, with its whsec_ if it has one."`
	SecretFile string `type:"existingfile" help:"File with the secret."`
}

func (f secretFlags) read() (string, error) {
	if f.Secret != "" || f.SecretFile == "" {
		return f.Secret, nil
	}
	data, err := os.ReadFile(f.SecretFile)
	return strings.TrimSpace(string(data)), err
}

type webhooksListenCmd struct {
	secretFlags
	Answer int `default:"204" help:"Status to answer with, to see what becomes of failures."`
}

// Help is shown below the command's flags.
func (webhooksListenCmd) Help() string {
	return `Listens on --addr, 127.0.0.1:9000 by default. A webhook whose signature is wrong or whose time is more than 5 minutes away is answered 401.
With --json each webhook is a line: verified, id, why it was refused, and the body.
A server sends to this machine only when its ANYCHECK_OUTBOUND_ALLOW has 127.0.0.0/8.

Examples:
  anycheck webhooks listen --secret-file secret.txt
  anycheck webhooks listen --secret whsec_… --addr 0.0.0.0:9000 --json
  anycheck webhooks listen --secret whsec_… --answer 503     # and watch the retries`
}

const maxWebhook = 1 << 20 // bytes of a body

func (c webhooksListenCmd) Run(e *env, line *kong.Context) error {
	addr := "127.0.0.1:9000"
	for _, p := range line.Path { // ANYCHECK_ADDR is the server's
		if p.Flag != nil && p.Flag.Name == "addr" {
			addr = e.cfg.Addr
		}
	}
	secret, err := c.read()
	if err != nil {
		return err
	}
	if secret == "" {
		return fault.New(fault.Invalid, "The secret is needed: --secret, --secret-file or ANYCHECK_WEBHOOK_SECRET.")
	}
	if c.Answer < 200 || c.Answer > 599 {
		return fault.Field("answer", "must be 200 to 599")
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "Cannot listen on %s", addr)
	}
	fmt.Fprintf(e.err, "Listening on http://%s\n", l.Addr())
	s := &http.Server{Handler: c.receiver(e, secret), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(e.log.Handler(), slog.LevelDebug)}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-e.ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(e.ctx), time.Second)
	defer cancel()
	return s.Shutdown(grace)
}

// received is a webhook as --json prints it.
type received struct {
	Verified bool            `json:"verified"`
	ID       string          `json:"id"`
	Problem  string          `json:"problem,omitempty"`
	Body     json.RawMessage `json:"body,omitempty"` // of a verified one
}

func (c webhooksListenCmd) receiver(e *env, secret string) http.Handler {
	var mu sync.Mutex // one line after the other
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWebhook))
		if err == nil {
			err = client.VerifyWebhook(secret, r.Header, body, client.WebhookTolerance)
		}
		var told client.WebhookEvent
		if err == nil {
			err = json.Unmarshal(body, &told)
		}
		got := received{Verified: err == nil, ID: r.Header.Get("webhook-id")}
		if err != nil {
			got.Problem = err.Error()
			http.Error(w, err.Error(), http.StatusUnauthorized)
		} else {
			got.Body = body
			w.WriteHeader(c.Answer)
		}
		mu.Lock()
		defer mu.Unlock()
		if e.json {
			_ = json.NewEncoder(e.out).Encode(got) // a line
			return
		}
		if err != nil {
			fmt.Fprintf(e.out, "%s  refused  %s  %s\n", time.Now().Format(time.TimeOnly), plainText(got.ID), plainText(got.Problem))
			return
		}
		status := string(told.Status)
		if told.Test {
			status += " (test)"
		}
		fmt.Fprintf(e.out, "%s  verified  %s  %s  %s  verification %s, event %d\n", time.Now().Format(time.TimeOnly), plainText(told.ID), plainText(told.Event), plainText(status),
			plainText(told.VerificationID), told.Sequence)
	})
}

// plainText is what a stranger sent, without what moves a terminal's cursor,
// and on one line.
func plainText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, s)
}

type webhooksTriggerCmd struct {
	serverFlags
	secretFlags
	URL    string `arg:"" help:"Where to send it."`
	Event  string `enum:"verification.status_changed,screening.alert" default:"verification.status_changed" help:"verification.status_changed or screening.alert."`
	Status string `default:"COMPLETED" help:"Status that it tells of: one that webhooks announce."`
	Server bool   `help:"Have the server send it, through its guard and with the group's secret, instead of sending it from here."`
}

// Help is shown below the command's flags.
func (webhooksTriggerCmd) Help() string {
	return `The sample is of nobody and has "test": true. It is sent once. Exit code 7: the receiver did not answer 2xx.

Examples:
  anycheck webhooks trigger http://127.0.0.1:9000/ --secret whsec_… --status NEED_REVIEW
  anycheck webhooks trigger https://hooks.example.com/anycheck --server --base-url https://anycheck.example --api-key ack_live_…
  anycheck webhooks trigger http://127.0.0.1:9000/ --secret whsec_… --event screening.alert`
}

func (c webhooksTriggerCmd) Run(e *env) error {
	secret, err := c.read()
	if err != nil {
		return err
	}
	var sent client.TestedWebhook
	if c.Server {
		cl, err := c.client(e)
		if err != nil {
			return err
		}
		sent, err = cl.TestWebhook(e.ctx, client.WebhookTest{URL: c.URL, Event: c.Event, Status: client.Status(c.Status), Secret: secret})
		if err != nil {
			return err
		}
	} else if sent, err = c.direct(e, secret); err != nil {
		return err
	}
	a := sent.Attempt
	err = e.print(sent, func(w io.Writer) {
		answered := "no answer"
		if a.HTTPStatus != nil {
			answered = strconv.Itoa(*a.HTTPStatus)
		}
		fmt.Fprintf(w, "%s: %s after %.0f ms\n", sent.ID, answered, a.DurationMS)
		if text := strings.TrimSpace(a.Answer); text != "" {
			fmt.Fprintf(w, "  it says: %s\n", plainText(text[:min(len(text), 500)]))
		}
	})
	if err == nil && a.Error != "" {
		err = fault.New(fault.Unavailable, "%s", a.Error)
	}
	return err
}

// direct sends the sample from here: whoever sits at this terminal may call
// what it can reach.
func (c webhooksTriggerCmd) direct(e *env, secret string) (client.TestedWebhook, error) {
	if secret == "" {
		return client.TestedWebhook{}, fault.New(fault.Invalid, "The secret is needed: --secret, --secret-file or ANYCHECK_WEBHOOK_SECRET; or --server, which signs with the group's.")
	}
	calls := outbound.New(outbound.Options{Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}})
	if err := calls.CheckURL(c.URL); err != nil {
		return client.TestedWebhook{}, fault.Field("url", "%s", fault.From(err).Message)
	}
	t, err := webhook.NewDeliverer(nil, calls, Version).Sample(e.ctx, webhook.Test{URL: c.URL, Event: verification.EventKind(c.Event), Status: verification.Status(c.Status)}, secret)
	if err != nil {
		return client.TestedWebhook{}, err
	}
	a := client.WebhookAttempt{Number: t.Attempt.Number, At: t.Attempt.At, DurationMS: float64(t.Attempt.Duration.Microseconds()) / 1000, Error: t.Attempt.Error,
		Answer: strings.ToValidUTF8(string(t.Attempt.Answer), "\uFFFD")}
	if t.Attempt.HTTPStatus != 0 {
		a.HTTPStatus = &t.Attempt.HTTPStatus
	}
	return client.TestedWebhook{ID: t.ID.String(), Body: t.Body, Attempt: a}, nil
}

type webhooksLogCmd struct {
	serverFlags
	ID           string `arg:"" optional:"" help:"A webhook's id, to see its attempts."`
	State        string `help:"Only PENDING, DELIVERED, DEAD or DISABLED."`
	Verification string `help:"Only those of this verification."`
	Limit        int    `default:"20" help:"How many, newest first; at most 100."`
}

// Help is shown below the command's flags.
func (webhooksLogCmd) Help() string {
	return `Examples:
  anycheck webhooks log --state DEAD
  anycheck webhooks log 0198c0de-0000-7000-8000-000000000000`
}

func (c webhooksLogCmd) Run(e *env) error {
	cl, err := c.client(e)
	if err != nil {
		return err
	}
	if c.ID != "" {
		d, err := cl.Delivery(e.ctx, c.ID)
		if err != nil {
			return err
		}
		rows := [][]string{{"ATTEMPT", "AT", "STATUS", "MS", "ERROR"}}
		for _, a := range d.Attempts {
			status := "-"
			if a.HTTPStatus != nil {
				status = strconv.Itoa(*a.HTTPStatus)
			}
			rows = append(rows, []string{strconv.Itoa(a.Number), a.At.Format(time.DateTime), status, fmt.Sprintf("%.0f", a.DurationMS), a.Error})
		}
		return e.print(d, func(w io.Writer) {
			fmt.Fprintf(w, "%s %s to %s: %s\n", d.Event, d.Status, plainText(d.URL), d.State)
			table(w, rows)
		})
	}
	l, err := cl.Deliveries(e.ctx, client.DeliveryFilter{VerificationID: c.Verification, State: client.DeliveryState(c.State)}, client.Page{Size: c.Limit})
	if err != nil {
		return err
	}
	rows := [][]string{{"ID", "CREATED", "EVENT", "STATUS", "STATE", "ATTEMPTS", "URL"}}
	for _, d := range l.Items {
		rows = append(rows, []string{d.ID, d.CreatedAt.Format(time.DateTime), d.Event, string(d.Status), string(d.State), strconv.Itoa(d.AttemptCount), plainText(d.URL)})
	}
	return e.print(l, func(w io.Writer) {
		table(w, rows)
		fmt.Fprintf(w, "%d of %d\n", len(l.Items), l.Total)
	})
}

type webhooksReplayCmd struct {
	serverFlags
	ID    string `arg:"" optional:"" help:"A webhook's id."`
	From  string `help:"Those created from this time on: 2026-11-23, 2026-11-23T08:00:00Z or 3h for three hours ago."`
	To    string `help:"Those created before this time. Default: now."`
	State string `help:"Only PENDING, DELIVERED, DEAD or DISABLED."`
}

// Help is shown below the command's flags.
func (webhooksReplayCmd) Help() string {
	return `A webhook keeps its webhook-id: a receiver that has it already can drop it.

Examples:
  anycheck webhooks replay 0198c0de-0000-7000-8000-000000000000
  anycheck webhooks replay --from 24h --state DEAD --base-url https://anycheck.example --api-key ack_live_…
  anycheck webhooks replay --from 2026-11-23T08:00:00Z --to 2026-11-23T09:30:00Z`
}

func (c webhooksReplayCmd) Run(e *env) error {
	if (c.ID == "") == (c.From == "") {
		return fault.New(fault.Invalid, "Give the id of a webhook, or --from.")
	}
	cl, err := c.client(e)
	if err != nil {
		return err
	}
	if c.ID != "" {
		d, err := cl.ReplayDelivery(e.ctx, c.ID)
		if err != nil {
			return err
		}
		return e.print(d, func(w io.Writer) { fmt.Fprintf(w, "%s is on its way again.\n", d.ID) })
	}
	from, err := moment(c.From, "--from")
	if err != nil {
		return err
	}
	to, err := moment(c.To, "--to")
	if err != nil {
		return err
	}
	if to == nil {
		now := time.Now()
		to = &now
	}
	r, err := cl.ReplayDeliveries(e.ctx, *from, *to, client.DeliveryState(c.State))
	if err != nil {
		return err
	}
	return e.print(r, func(w io.Writer) {
		fmt.Fprintf(w, "%d are on their way again", r.Replayed)
		if r.Skipped > 0 {
			fmt.Fprintf(w, ", %d are not: their address is disabled", r.Skipped)
		}
		fmt.Fprintln(w, ".")
	})
}

type groupRotateCmd struct {
	Group   string        `arg:"" help:"Group, by name or id."`
	Overlap time.Duration `default:"24h" help:"How long the secret before signs along; 0 ends it at once, 168h at most."`
}

// Help is shown below the command's flags.
func (groupRotateCmd) Help() string {
	return `Webhooks carry a signature with each of the two secrets until the overlap is over.

Examples:
  anycheck group rotate-secret Retail
  anycheck group rotate-secret Retail --overlap 0s      # the old one has leaked`
}

func (c groupRotateCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		g, err := p.Auth.Group(e.ctx, c.Group)
		if err != nil {
			return err
		}
		r, err := p.Auth.RotateGroupSecret(e.ctx, g.ID, c.Overlap)
		if err != nil {
			return err
		}
		return e.print(map[string]any{"id": g.ID, "webhook_secret": r.Secret, "previous_valid_until": r.PreviousUntil}, func(w io.Writer) {
			fmt.Fprintf(w, "Webhook secret of %s (shown once): %s\nThe one before signs along until %s.\n", g.Name, r.Secret, r.PreviousUntil.Format(time.DateTime))
		})
	})
}
