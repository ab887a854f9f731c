package app_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/uuid"

	"anycheck/client"
	"anycheck/internal/app"
	"anycheck/internal/config"
	"anycheck/internal/onnx/onnxtest"
	"anycheck/internal/verification"
)

// serveUntilKilled runs a server in a process of its own. At the point that
// the environment names it says so and stands still, to be killed there.
func serveUntilKilled(dir string) int {
	at := os.Getenv("ANYCHECK_TEST_STOP_AT")
	watch := func(_ context.Context, _ uuid.UUID, s verification.StepName, m verification.Moment) {
		if string(s)+" "+string(m) == at {
			fmt.Println("REACHED")
			select {} // until SIGKILL
		}
	}
	cfg := testConfig(dir, os.Getenv("ANYCHECK_MODELS_DIR"))
	cfg.DatabaseURL = os.Getenv("ANYCHECK_DATABASE_URL")
	s, err := app.NewServer(context.Background(), cfg, slog.New(slog.NewTextHandler(os.Stderr, nil)), app.ServerOptions{Version: "test", Watch: watch})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(s.URL())
	if err := s.Run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// child is a server in a process that can be killed.
type child struct {
	cmd   *exec.Cmd
	url   string
	lines *bufio.Scanner
}

func spawn(t *testing.T, dir, stopAt string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ANYCHECK_TEST_SERVE="+dir, "ANYCHECK_TEST_STOP_AT="+stopAt, "ANYCHECK_MODELS_DIR="+onnxtest.ModelsDir(t))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: cmd, lines: bufio.NewScanner(out)}
	t.Cleanup(func() {
		c.kill()
		if t.Failed() {
			t.Logf("server stopped at %q:\n%s", stopAt, stderr.String())
		}
	})
	if !c.lines.Scan() {
		_ = cmd.Wait()
		t.Fatalf("the server did not start: %s", stderr.String())
	}
	c.url = c.lines.Text()
	return c
}

func (c *child) reached() bool { return c.lines.Scan() && c.lines.Text() == "REACHED" }

// kill sends SIGKILL: no deferred call runs, no file is closed in order.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

// The process is killed at the start and in the middle of each step, fourteen
// times in all; the verifications it had accepted finish all the same.
func TestKilledInEveryStep(t *testing.T) {
	needsFaceModels(t)
	p := draw(t)
	dir := t.TempDir()
	signIn := func(url string) *client.Client {
		c, err := client.New(url)
		if err == nil {
			_, err = c.Login(t.Context(), adminEmail, adminPassword)
		}
		if err != nil {
			t.Fatal(err)
		}
		return c
	}

	var accepted []client.Verification
	for _, step := range []verification.StepName{verification.StepIntake, verification.StepRead, verification.StepMatch, verification.StepReuse, verification.StepScreen, verification.StepInspect, verification.StepDecide} {
		for _, moment := range []verification.Moment{verification.StepBegins, verification.StepWorked} {
			server := spawn(t, dir, string(step)+" "+string(moment))
			if accepted == nil {
				c := newCaller(t, signIn(server.url))
				paths := c.upload(t, p.card, p.selfie)
				for range 2 {
					n := c.request("KTP_SELFIE_PEP", paths[0], paths[1])
					cfg := n.Configuration.(client.KTPConfiguration)
					cfg.FraudDetection = true
					n.Configuration = cfg
					v, err := c.CreateVerification(t.Context(), n)
					if err != nil {
						t.Fatal(err)
					}
					accepted = append(accepted, v)
				}
			}
			if !server.reached() {
				t.Fatalf("the server ended before %s %s", step, moment)
			}
			server.kill()
		}
	}

	server := spawn(t, dir, "")
	c := signIn(server.url)
	for _, v := range accepted {
		got, err := c.Wait(t.Context(), v.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		// Without lists the search is inconclusive, and a person has asked.
		if got.Status != client.NeedReview || got.CreditUsed != 0 || got.OutputFileURL == nil {
			t.Errorf("after fourteen kills: %s, credits %d, error %+v", got.Status, got.CreditUsed, got.Error)
			continue
		}
		evidence := string(download(t, c, got.OutputFileURL))
		for _, step := range []string{`"intake"`, `"read"`, `"match"`, `"reuse"`, `"screen"`, `"inspect"`} {
			if !strings.Contains(evidence, step) {
				t.Errorf("the evidence lacks step %s", step)
			}
		}
		events, err := c.Events(t.Context(), v.ID)
		if err != nil || len(events.Items) != 3 {
			t.Errorf("%d events, %v: each transition has exactly one", len(events.Items), err)
		}
		job, err := c.Job(t.Context(), got.ExternalJobID.OCRJobID[0])
		if err != nil || len(job.Steps) != 5 {
			t.Errorf("job %+v, %v", job, err)
		}
		got, err = c.Review(t.Context(), v.ID, client.NewReview{Decision: client.Approve, Reason: "the lists come tomorrow"})
		if err != nil || got.Status != client.Completed || got.CreditUsed != 10 {
			t.Errorf("approved: %s, credits %d, %v", got.Status, got.CreditUsed, err)
		}
	}
	server.kill()

	pf, err := app.OpenPlatform(t.Context(), testConfig(dir, ""), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer pf.Close()
	groups, err := pf.Auth.Groups(t.Context())
	if err != nil || len(groups) != 1 || groups[0].Balance != 1000-20 {
		t.Errorf("credits left: %+v, %v; want 980", groups, err)
	}
}

func newServer(t *testing.T, cfg config.Config) (*app.Server, error) {
	t.Helper()
	return app.NewServer(t.Context(), cfg, slog.New(slog.DiscardHandler), app.ServerOptions{})
}
