package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/uuid"

	"anycheck/internal/config"
	"anycheck/internal/export"
	"anycheck/internal/fault"
	"anycheck/internal/httpapi"
	"anycheck/internal/oidc"
	"anycheck/internal/outbound"
	"anycheck/internal/queue"
	"anycheck/internal/sandbox"
	"anycheck/internal/verification"
	"anycheck/internal/watchlist"
	"anycheck/internal/webhook"
)

const (
	// A verification nobody touched for this long is put back into the queue.
	sweepIdle  = 10 * time.Minute
	sweepEvery = time.Minute
	// Attempts to sign in that are no longer counted are removed this often.
	signInsEvery = time.Hour
	// Kept answers that are past their time are removed this often.
	forgetEvery = 10 * time.Minute
	// Chains of the audit log that have grown enough are looked for this often.
	checkpointEvery = time.Minute
	// Whom new list versions concern is looked for this often.
	rescreenEvery = 10 * time.Minute
	// What groups keep no longer is erased this often.
	retentionEvery = time.Hour
	// List versions that another process has imported are taken up this often.
	listsEvery = 5 * time.Second
	// Events that nobody asks for get their place in the feed this often, so
	// that few wait for one.
	placeEvery = 250 * time.Millisecond
	// A job that fails for a reason of ours is tried this often before the
	// verification FAILS.
	processTries = 5

	shutdownGrace = 20 * time.Second
)

// Server is API and worker in one process.
type Server struct {
	*Platform
	*Engines
	// Bootstrap tells of the administrator that this start has made.
	Bootstrap Bootstrapped

	lock     *flock.Flock // nil on PostgreSQL
	jobs     *queue.Jobs
	updates  *listUpdates // nil when no source is configured
	process  *verification.Processor
	privacy  *verification.Privacy
	deliver  *webhook.Deliverer
	cases    *verification.UseCases
	listener net.Listener
	http     *http.Server
}

// ServerOptions are what is not configuration.
type ServerOptions struct {
	Version string
	// Watch is told of every step; see verification.Watch.
	Watch verification.Watch
	// Lists calls the sources of watch lists; nil is outbound.NewTrusted.
	Lists watchlist.Caller
}

// NewServer opens everything and starts to listen; nothing is served or
// worked on before Run.
func NewServer(ctx context.Context, cfg config.Config, log *slog.Logger, o ServerOptions) (s *Server, err error) {
	s = &Server{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if cfg.DatabaseURL == "" {
		if s.lock, err = lockFolder(cfg.DataDir); err != nil {
			return s, err
		}
	}
	if s.Platform, err = OpenPlatform(ctx, cfg, log); err != nil {
		return s, err
	}
	if s.Engines, err = OpenEngines(cfg, log); err != nil {
		return s, err
	}
	warnLicences(s.Engines.Runtime.Models, log)
	if s.jobs, err = s.openQueue(); err != nil {
		return s, err
	}
	s.db.SetEnqueuer(s.jobs)
	if n, err := s.db.SealOlder(ctx); err != nil {
		return s, err
	} else if n > 0 {
		log.Info("personal data that an older version had left open are encrypted now", "rows", n)
	}
	networks, err := cfg.Networks()
	if err != nil {
		return s, err
	}
	proxies, err := cfg.Proxies()
	if err != nil {
		return s, err
	}
	if cfg.OIDCIssuer != "" {
		s.Auth.UseProvider(oidc.New(oidc.Options{Issuer: cfg.OIDCIssuer, ClientID: cfg.OIDCClientID, ClientSecret: cfg.OIDCClientSecret,
			RedirectURL: strings.TrimSuffix(cfg.PublicURL, "/") + "/auth/oidc/callback", Scopes: cfg.OIDCScopes, EmailDomains: cfg.OIDCEmailDomains,
			Client: outbound.NewTrusted(), Now: time.Now}))
	}
	calls := outbound.New(outbound.Options{Allow: networks})
	if s.updates, err = s.openUpdates(o.Lists); err != nil {
		return s, err
	}
	s.process = verification.NewProcessor(s.db, s.blobs, s.Pipeline(s.Lists), export.Exporter{}, s.keys.NIKs, time.Now, o.Watch)
	scenarios := sandbox.New(time.Now)
	s.process.UseSandbox(scenarios)
	s.privacy = verification.NewPrivacy(s.process)
	s.deliver = webhook.NewDeliverer(s.db, calls, o.Version)
	ports := verification.Ports{Store: s.db, Sandbox: scenarios, Blobs: s.blobs, Documents: s.Documents, Capabilities: s.Engines, Outbound: calls, Now: time.Now}
	ports.Limits = verification.Limits{FilesPerUpload: cfg.MaxUploadFiles, FileBytes: int64(cfg.MaxFileMiB) << 20, PagesPerFile: cfg.MaxPages}
	spool := filepath.Join(cfg.DataDir, "spool")
	// What a crash left of an upload is of no use to anybody.
	if err = errors.Join(os.RemoveAll(spool), os.MkdirAll(spool, 0o700)); err != nil {
		return s, err
	}
	if s.listener, err = net.Listen("tcp", cfg.Addr); err != nil {
		return s, fault.Wrap(err, fault.Unavailable, "Cannot listen on %s", cfg.Addr)
	}
	s.cases = verification.NewUseCases(ports)
	s.http = &http.Server{
		Handler: httpapi.New(httpapi.Config{
			UseCases: s.cases, Screenings: verification.NewScreenings(s.cases, s.process, s.db), Reviews: verification.NewReviews(s.cases, s.process), Privacy: s.privacy,
			Evidence: verification.NewDossiers(s.cases, s.process, s.Audit, export.Exporter{}), Audit: s.Audit, Webhooks: webhook.NewDesk(s.db, s.deliver, calls, time.Now),
			Auth: s.Auth, Ready: s.db.Ping, SigningKey: s.keys.Links, AnswersKey: s.keys.Answers,
			RateLimits: httpapi.RateLimits{PerKey: cfg.RatePerKey, PerGroup: cfg.RatePerGroup, PerAddress: cfg.RatePerAddress},
			PublicURL:  cfg.PublicURL, TrustedProxies: proxies, SpoolDir: spool,
			Limits: ports.Limits, Logger: log, Now: time.Now,
		}),
		ReadHeaderTimeout: 10 * time.Second,
		// Uploads and downloads of slow links take their time; JSON routes have
		// their own, shorter limits.
		ReadTimeout:  5 * time.Minute,
		WriteTimeout: 5 * time.Minute,
		IdleTimeout:  2 * time.Minute,
		ErrorLog:     slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	// Last: the password it makes is told once, so nothing may fail after it.
	s.Bootstrap, err = s.bootstrap(ctx)
	return s, err
}

// lockFolder makes sure that one process serves a data folder.
func lockFolder(dir string) (*flock.Flock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The data folder cannot be used")
	}
	l := flock.New(filepath.Join(dir, ".serve.lock"))
	ok, err := l.TryLock()
	if err == nil && !ok {
		err = fault.New(fault.Conflict, "Another anycheck serves the data folder %s. Use PostgreSQL (ANYCHECK_DATABASE_URL) for several.", dir)
	}
	return l, err
}

// URL is where the server listens.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Run serves and works until ctx ends, then lets what is under way finish.
func (s *Server) Run(ctx context.Context) error {
	n, err := s.jobs.ReclaimRunning(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	if n > 0 {
		s.log.Info("jobs of a process that died are taken up again", "jobs", n)
	}
	s.jobs.Every("rescreen", rescreenEvery, s.process.Rescreen)
	s.jobs.Every("sign-ins", signInsEvery, s.Auth.Sweep)
	s.jobs.Every("retention", retentionEvery, func(ctx context.Context) error {
		return s.privacy.Sweep(ctx, false, func(c verification.DataClass, e verification.Expiry) {
			s.log.Info("kept long enough, erased", "class", c, "result", e.ResultID, "file", e.FileID)
		})
	})
	s.jobs.Every("answers", forgetEvery, s.cases.ForgetAnswers)
	s.jobs.Every("audit", checkpointEvery, func(ctx context.Context) error { _, err := s.Audit.CheckpointAll(ctx, true); return err })
	s.jobs.Every("sweep", sweepEvery, func(ctx context.Context) error { return s.process.Sweep(ctx, sweepIdle) })
	if s.updates != nil {
		s.jobs.Every("lists", updatesEvery, s.updates.wake)
		stopped := s.updates.start(ctx)
		defer stopped()
	}
	err = s.jobs.Start(ctx, queue.Handlers{
		verification.ProcessTask: func(ctx context.Context, id uuid.UUID, a queue.Attempt) error {
			return s.process.Process(ctx, id, a.Number >= processTries)
		},
		verification.EraseTask: func(ctx context.Context, id uuid.UUID, _ queue.Attempt) error { return s.privacy.DeleteFiles(ctx, id) },
		verification.DeliverTask: func(ctx context.Context, id uuid.UUID, a queue.Attempt) error {
			return s.deliver.Deliver(ctx, id, a.Round)
		},
	})
	if err != nil {
		return err
	}
	watching, stopWatching := context.WithCancel(ctx)
	var lists sync.WaitGroup
	lists.Go(func() { s.watchLists(watching) })
	lists.Go(func() { s.placeEvents(watching) })
	defer lists.Wait()
	defer stopWatching()
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(s.listener) }()
	select {
	case err = <-served:
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err == nil {
		err = s.http.Shutdown(grace)
	}
	if err := s.jobs.Stop(grace); err != nil {
		s.log.Warn("jobs were interrupted; they go on at the next start", "error", err)
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// watchLists keeps the newest list versions in use, from the start: the first
// search does not wait for an index.
func (s *Server) watchLists(ctx context.Context) {
	ticker := time.NewTicker(listsEvery)
	defer ticker.Stop()
	s.Lists.Watch(ctx, ticker.C, func(err error) { s.log.Warn("watch lists cannot be read; the last ones stay in use", "error", err) })
}

// placeEvents gives events their place in the feed.
func (s *Server) placeEvents(ctx context.Context) {
	ticker := time.NewTicker(placeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := s.db.PlaceEvents(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("events have no place in the feed yet; the next reader gives them one", "error", err)
		}
	}
}

// Close frees everything; call it after Run has returned.
func (s *Server) Close() error {
	var errs []error
	if s.listener != nil {
		if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.Platform != nil {
		errs = append(errs, s.Platform.Close())
	}
	if s.Engines != nil {
		errs = append(errs, s.Engines.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Unlock())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}
