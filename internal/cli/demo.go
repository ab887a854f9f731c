package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"anycheck/client"
	"anycheck/internal/app"
	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/watchlist"
)

type demoCmd struct {
	URL      string        `help:"Server to drive. Default: the one at ANYCHECK_ADDR, or a temporary one when nobody answers there."`
	APIKey   string        `name:"api-key" env:"ANYCHECK_API_KEY" help:"API key to use. Default: a temporary one made in the data folder."`
	Samples  string        `type:"existingdir" help:"Folder with pictures (laid out like shared/samples) instead of the drawn ones."`
	Duration time.Duration `name:"timeout" default:"2m" help:"How long to wait for the verdict."`
}

// Help is shown below the command's flags.
func (demoCmd) Help() string {
	return `Uploads a card and a selfie, creates a KTP_SELFIE_PEP verification, waits for it, lists its
result, downloads evidence and workbook, receives the webhooks and prints each answer.
The card is drawn and the face is rendered: nobody real is in them.`
}

func (c demoCmd) Run(e *env) error {
	ctx, cancel := context.WithTimeout(e.ctx, c.Duration)
	defer cancel()
	samples, err := app.DrawnSamples()
	if c.Samples != "" {
		samples, err = app.FolderSamples(c.Samples)
	}
	if err != nil {
		return err
	}
	target, done, err := c.target(ctx, e, samples)
	if err != nil {
		return err
	}
	defer done()
	hooks, err := listenForWebhooks(ctx)
	if err != nil {
		return err
	}
	defer hooks.close()
	return drive(ctx, e, target, samples, hooks)
}

// target finds the server to drive, or starts one, and a way to sign in.
func (c demoCmd) target(ctx context.Context, e *env, s app.Samples) (*client.Client, func(), error) {
	url := c.URL
	if url == "" {
		url = "http://" + e.cfg.Addr
	}
	probe, err := newClient("--url", url)
	if err != nil {
		return nil, nil, err
	}
	if probe.Live(ctx) == nil {
		if c.APIKey != "" {
			cl, err := newClient("--url", url, client.WithAPIKey(c.APIKey))
			return cl, func() {}, err
		}
		return e.temporaryKey(url)
	}
	if c.URL != "" || c.APIKey != "" {
		return nil, nil, fault.New(fault.Unavailable, "No server answers at %s.", url)
	}
	return e.temporaryServer(ctx, s)
}

// temporaryKey makes a key for the first administrator in the data folder of
// the running server, and revokes it at the end.
func (e *env) temporaryKey(url string) (*client.Client, func(), error) {
	p, err := app.OpenPlatform(e.ctx, e.cfg, e.log)
	if err != nil {
		return nil, nil, err
	}
	fail := func(err error) (*client.Client, func(), error) { p.Close(); return nil, nil, err }
	u, err := p.Auth.UserByEmail(e.ctx, e.cfg.AdminEmail)
	if err != nil {
		return fail(fault.Wrap(err, fault.NotFound, "The server's data folder is not here; give --api-key"))
	}
	soon := time.Now().Add(time.Hour)
	k, text, err := p.Auth.CreateKey(e.ctx, u, auth.NewKey{Name: "demo", ExpiresAt: &soon})
	if err != nil {
		return fail(err)
	}
	cl, err := newClient("--url", url, client.WithAPIKey(text))
	if err != nil {
		return fail(err)
	}
	return cl, func() {
		// An interrupted demo must not leave its key behind.
		if err := p.Auth.RevokeKey(context.WithoutCancel(e.ctx), k.ID.String()); err != nil {
			fmt.Fprintln(e.err, "anycheck: the temporary API key could not be revoked:", err)
		}
		p.Close()
	}, nil
}

// temporaryServer starts a server on a data folder of its own, with the
// samples' watch lists, and signs in as its administrator.
func (e *env) temporaryServer(ctx context.Context, s app.Samples) (*client.Client, func(), error) {
	dir, err := os.MkdirTemp("", "anycheck-demo-*")
	if err != nil {
		return nil, nil, err
	}
	cfg := e.cfg
	if cfg.ModelsDir == "" { // what was pulled before
		cfg.ModelsDir = cfg.DataDir + "/models"
	}
	cfg.Addr, cfg.DataDir, cfg.DatabaseURL, cfg.SecretKey = "127.0.0.1:0", dir, "", ""
	cfg.AdminPassword = auth.RandomPassword()
	cfg.OutboundAllow = []string{"127.0.0.0/8"}
	cleanup := []func(){func() { os.RemoveAll(dir) }}
	done := func() {
		for i := len(cleanup) - 1; i >= 0; i-- {
			cleanup[i]()
		}
	}
	quiet := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	server, err := app.NewServer(ctx, cfg, quiet, app.ServerOptions{Version: Version})
	if err != nil {
		done()
		return nil, nil, err
	}
	runCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- server.Run(runCtx) }()
	cleanup = append(cleanup, func() {
		stop()
		if err := <-ended; err != nil {
			fmt.Fprintln(e.err, "anycheck:", err)
		}
		server.Close()
	})
	if err := importSamples(ctx, server, s); err != nil {
		done()
		return nil, nil, err
	}
	cl, err := client.New(server.URL())
	if err == nil {
		e.step("POST /auth/login", map[string]string{"email": cfg.AdminEmail, "password": "…"})
		_, err = cl.Login(ctx, cfg.AdminEmail, cfg.AdminPassword)
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return cl, done, nil
}

func importSamples(ctx context.Context, server *app.Server, s app.Samples) error {
	var files []watchlist.File
	if s.Listed != nil {
		files = append(files, watchlist.File{Name: "demo.csv", Data: bytes.NewReader(s.Listed)})
	}
	for _, path := range s.Lists {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		files = append(files, watchlist.File{Name: path, Data: f})
	}
	if len(files) == 0 {
		return nil
	}
	lists, _, err := watchlist.Parse(ctx, files, watchlist.Options{})
	if err != nil {
		return err
	}
	for _, l := range lists {
		if _, err := server.Lists.Import(ctx, l, false); err != nil {
			return err
		}
	}
	return server.Lists.Refresh(ctx)
}

// step prints a request or an answer of the demonstration.
func (e *env) step(what string, v any) {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		data = []byte(err.Error())
	}
	if e.json {
		data, _ = json.Marshal(map[string]any{"step": what, "answer": v})
		fmt.Fprintln(e.out, string(data))
		return
	}
	fmt.Fprintf(e.out, "\n%s\n%s\n", what, data)
}

const demoSecret = "a secret of the demo's webhook receiver"

// drive walks the whole path with the public client.
func drive(ctx context.Context, e *env, cl *client.Client, s app.Samples, hooks *webhooks) error {
	profile, err := cl.Profile(ctx)
	if err != nil {
		return err
	}
	e.step("GET /profile", profile)
	services, err := cl.Services(ctx)
	if err != nil {
		return err
	}
	e.step("GET /services", services)
	if len(services.Items) == 0 {
		return fault.New(fault.Unavailable, "The server offers no service.")
	}
	folder, err := cl.CreateFolder(ctx, "Demo "+time.Now().Format(time.DateTime))
	if err != nil {
		return err
	}
	e.step("POST /folders", folder)
	upload, err := cl.Upload(ctx, client.InputFile,
		client.File{Name: s.CardName, Content: bytes.NewReader(s.Card)}, client.File{Name: s.SelfieName, Content: bytes.NewReader(s.Selfie)})
	if err != nil {
		return err
	}
	e.step("POST /uploads", upload)
	configuration := client.KTPConfiguration{VerificationType: "KTP_SELFIE_PEP",
		Files: client.KTPFiles{KTPFile: []string{upload.Files[0].Path}, SelfieFile: []string{upload.Files[1].Path}}}
	for _, off := range services.Items[0].Unavailable {
		if off.VerificationType == configuration.VerificationType {
			fmt.Fprintf(e.err, "anycheck: %s needs %s (anycheck models pull); going on with KTP_PEP\n", off.VerificationType, strings.Join(off.MissingModels, ", "))
			configuration.VerificationType, configuration.Files.SelfieFile = "KTP_PEP", nil
		}
	}
	request := client.NewVerification{
		ServiceID: services.Items[0].ID, FolderID: folder.ID, Configuration: configuration,
		WebhookURL: hooks.url, WebhookMetadata: map[string]any{"webhook_secret": demoSecret, "demo": true},
		Consent: &client.Consent{Text: "My card and my face may be compared for this demo.", Version: "demo 1", GivenAt: time.Now()},
	}
	created, err := cl.CreateVerification(ctx, request)
	if refused(err, "webhook_url") {
		fmt.Fprintln(e.err, "anycheck: this server may not call back to this machine (ANYCHECK_OUTBOUND_ALLOW=127.0.0.0/8 would let it); going on without webhooks")
		request.WebhookURL = ""
		created, err = cl.CreateVerification(ctx, request)
	}
	if err != nil {
		return err
	}
	e.step("POST /verifications", created)
	final, err := cl.Wait(ctx, created.ID, nil)
	if err != nil {
		return err
	}
	list, err := cl.Verifications(ctx, created.ResultID, client.Page{})
	if err != nil {
		return err
	}
	e.step("GET /verifications?result_id="+created.ResultID, list)
	for _, id := range final.ExternalJobID.OCRJobID {
		job, err := cl.Job(ctx, id)
		if err != nil {
			return err
		}
		e.step("GET /jobs/"+id, job)
	}
	for name, url := range map[string]*string{"output_file_url": final.OutputFileURL, "export_file_url": final.ExportFileURL} {
		if url == nil {
			continue
		}
		var buf bytes.Buffer
		if err := cl.Download(ctx, *url, &buf); err != nil {
			return err
		}
		e.step("GET "+name, map[string]int{"bytes": buf.Len()})
	}
	told := []client.Status{client.InProgress, final.Status}
	if final.Status == client.NeedReview {
		// Signed in as a person, what is inconclusive is for a person to look at.
		review := client.NewReview{Decision: client.Approve, Reason: "The demo has looked at it."}
		e.step("POST /verifications/"+final.ID+"/review", review)
		if final, err = cl.Review(ctx, final.ID, review); err != nil {
			return err
		}
		e.step("the verification after its review", final)
		told = append(told, client.Completed)
	}
	if request.WebhookURL != "" {
		for _, want := range told {
			got, err := hooks.wait(ctx)
			if err != nil {
				return err
			}
			e.step("webhook received, signature verified ("+string(want)+" expected)", got)
		}
	}
	verdict := "none"
	if final.OutputStatus != nil {
		verdict = *final.OutputStatus
	}
	if !e.json {
		fmt.Fprintf(e.out, "\nVerification %s is %s, verdict %s\n", final.ID, final.Status, verdict)
	}
	if final.Status != client.Completed {
		return fault.New(fault.Internal, "The verification ended as %s.", final.Status)
	}
	return nil
}

func refused(err error, field string) bool {
	var api *client.Error
	if !errors.As(err, &api) {
		return false
	}
	for _, f := range api.Fields {
		if f.Field == field {
			return true
		}
	}
	return false
}

// webhooks is a receiver that keeps what it verified.
type webhooks struct {
	url    string
	server *http.Server
	got    chan json.RawMessage
}

func listenForWebhooks(ctx context.Context) (*webhooks, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &webhooks{url: "http://" + l.Addr().String() + "/webhook", got: make(chan json.RawMessage, 16)}
	h.server = &http.Server{ReadTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err == nil {
			err = client.VerifyWebhook(demoSecret, r.Header, body, 5*time.Minute)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		select {
		case h.got <- body:
		case <-ctx.Done():
		}
	})}
	go func() { _ = h.server.Serve(l) }() // ends with close
	return h, nil
}

func (h *webhooks) wait(ctx context.Context) (json.RawMessage, error) {
	select {
	case body := <-h.got:
		return body, nil
	case <-ctx.Done():
		return nil, fault.New(fault.Timeout, "The expected webhook did not arrive.")
	}
}

func (h *webhooks) close() { _ = h.server.Close() }
