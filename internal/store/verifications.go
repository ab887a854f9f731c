package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/vault"
	"anycheck/internal/verification"
)

const (
	noResult       = "There is no such result."
	noVerification = "There is no such verification."
)

func scanResult(r row) (v verification.Result, err error) {
	err = r.Scan(&v.ID, &v.OrganizationID, &v.GroupID, &v.FolderID, at{&v.CreatedAt})
	return v, err
}

const selectResult = `SELECT id, organization_id, group_id, folder_id, created_at FROM results WHERE ` + inScope

// What a new result is made of, with common parameters: its row and its key.
const (
	insertResult = `INSERT INTO results (id, organization_id, group_id, folder_id, created_at)
		SELECT $3, organization_id, group_id, id, $7 FROM folders
		WHERE ` + inScope + ` AND id = $6 AND organization_id = $4 AND group_id = $5`
	insertResultKey = `INSERT INTO data_keys (owner_id, organization_id, group_id, wrapped, created_at)
		SELECT id, organization_id, group_id, $8, $7 FROM `
)

// InsertResult implements verification.Store. The folder must be of the same group.
func (s *store) InsertResult(ctx context.Context, scope tenant.Scope, r verification.Result) error {
	owner := vault.Owner{Organization: r.OrganizationID, Group: r.GroupID, ID: r.ID}
	wrapped, err := s.newKey(owner)
	if err != nil {
		return err
	}
	args := scoped(scope, r.ID, r.OrganizationID, r.GroupID, r.FolderID, micros(r.CreatedAt), wrapped)
	return s.atomically(ctx, func(tx *store) error {
		if s.db.dialect.writingCTE {
			err = tx.change(ctx, noFolder, `WITH result AS (`+insertResult+` RETURNING id, organization_id, group_id) `+insertResultKey+`result`, args...)
		} else if err = tx.change(ctx, noFolder, insertResult, args...); err == nil {
			_, err = tx.exec(ctx, insertResultKey+`results WHERE `+inScope+` AND id = $3`, args...)
		}
		if err != nil {
			return err
		}
		_, err = tx.unwrap(owner, wrapped)
		return err
	})
}

// Result implements verification.Store.
func (s *store) Result(ctx context.Context, scope tenant.Scope, id uuid.UUID) (verification.Result, error) {
	return one(ctx, s, scanResult, noResult, selectResult+` AND id = $3`, scoped(scope, id)...)
}

// LockResult implements verification.Store.
func (s *store) LockResult(ctx context.Context, scope tenant.Scope, id uuid.UUID) error {
	return s.lockResult(ctx, scope, id, `files_forgotten_at`)
}

// JoinResult implements verification.Store.
func (s *store) JoinResult(ctx context.Context, scope tenant.Scope, id uuid.UUID) error {
	return s.lockResult(ctx, scope, id, `NULL`)
}

func (s *store) lockResult(ctx context.Context, scope tenant.Scope, id uuid.UUID, forgotten string) error {
	n, err := s.exec(ctx, `UPDATE results SET files_forgotten_at = `+forgotten+` WHERE `+inScope+` AND id = $3 AND erased_at IS NULL`, scoped(scope, id)...)
	if err != nil || n == 1 {
		return err
	}
	if err := s.erasedResult(ctx, scope, id); err != nil {
		return err
	}
	return fault.New(fault.NotFound, noResult)
}

// Results implements verification.Store.
func (s *store) Results(ctx context.Context, scope tenant.Scope, folder uuid.UUID, p verification.Page) ([]verification.Result, int, error) {
	total, err := one(ctx, s, value[int], "", `SELECT COUNT(*) FROM results WHERE `+inScope+` AND folder_id = $3`, scoped(scope, folder)...)
	if err != nil {
		return nil, 0, err
	}
	list, err := all(ctx, s, scanResult, selectResult+` AND folder_id = $3 ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5`, scoped(scope, folder, p.Size, p.Offset)...)
	return list, total, err
}

const selectEvenErased = `SELECT id, organization_id, group_id, service_id, service_name, user_id, api_key, folder_id, result_id, ` + keyOf + `,
	status, attempt, runs, start_date, end_date, input_config, config, total_files, total_pages,
	output, output_status, checks, output_path, export_path, failure, ocr_job_ids, fraud_job_ids,
	webhook_url, webhook_metadata, webhook_secret, credit_cost, credit_used, created_at, updated_at, consent
	FROM verifications WHERE ` + inScope

const selectVerification = selectEvenErased + notErased

func (s *store) scanVerification(r row) (v verification.Verification, err error) {
	key := &opener{db: s.db, owner: &v.ResultID}
	sealed := func(column string, into any) opened { return opened{key, "verifications." + column, &v.ID, into} }
	err = r.Scan(&v.ID, &v.OrganizationID, &v.GroupID, &v.ServiceID, &v.ServiceName, &v.UserID, fromJSON{&v.APIKey}, &v.FolderID, &v.ResultID, key,
		&v.Status, &v.Attempt, &v.Runs, maybeAt{&v.StartDate}, maybeAt{&v.EndDate}, sealed("input_config", &v.InputConfig), sealed("config", &v.Config), &v.TotalFiles, &v.TotalPages,
		sealed("output", &v.Output), &v.OutputStatus, sealed("checks", &v.Checks), &v.OutputPath, &v.ExportPath, fromJSON{&v.Failure}, fromJSON{&v.OCRJobIDs}, fromJSON{&v.FraudJobIDs},
		&v.WebhookURL, sealed("webhook_metadata", &v.WebhookMetadata), sealed("webhook_secret", &v.WebhookSecret), &v.CreditCost, &v.CreditUsed, at{&v.CreatedAt}, at{&v.UpdatedAt}, sealed("consent", &v.Consent))
	return v, err
}

// documents are the columns of a verification that hold JSON of our own.
// Those that tell of the person are sealed with the result's key.
type documents struct {
	apiKey, failure, ocrJobs, fraudJobs                      *string
	input, config, output, checks, metadata, secret, consent *string // sealed
}

// documentsOf makes the columns of a verification: those that processing
// changes, and with input those of the request.
func (s *store) documentsOf(ctx context.Context, scope tenant.Scope, v verification.Verification, input bool) (d documents, err error) {
	for _, c := range []struct {
		into *(*string)
		from any
	}{{&d.apiKey, v.APIKey}, {&d.config, v.Config}, {&d.checks, v.Checks}, {&d.failure, v.Failure}, {&d.ocrJobs, v.OCRJobIDs}, {&d.fraudJobs, v.FraudJobIDs}, {&d.consent, v.Consent}} {
		if *c.into, err = asJSON(c.from); err != nil {
			return d, err
		}
	}
	type column struct {
		into  *(*string)
		name  string
		plain *string
	}
	columns := []column{{&d.output, "output", raw(v.Output)}, {&d.checks, "checks", d.checks}}
	if input {
		asked := string(v.InputConfig)
		columns = append(columns, column{&d.input, "input_config", &asked}, column{&d.config, "config", d.config},
			column{&d.metadata, "webhook_metadata", raw(v.WebhookMetadata)}, column{&d.secret, "webhook_secret", &v.WebhookSecret}, column{&d.consent, "consent", d.consent})
	}
	if !slices.ContainsFunc(columns, func(c column) bool { return c.plain != nil }) {
		return d, nil
	}
	owner := vault.Owner{Organization: v.OrganizationID, Group: v.GroupID, ID: v.ResultID}
	key, err := s.sealingKey(ctx, owner, false)
	if fault.Is(err, fault.NotFound) { // a result of an older version, or not the caller's
		if _, err := s.Result(ctx, scope, v.ResultID); err != nil {
			return d, err
		}
		key, err = s.sealingKey(ctx, owner, true)
	}
	if err != nil {
		return d, err
	}
	for _, c := range columns {
		if *c.into, err = seal(key, place("verifications."+c.name, v.ID), c.plain); err != nil {
			return d, err
		}
	}
	return d, nil
}

// InsertVerification implements verification.Store. The result must be of the
// same group and folder.
func (s *store) InsertVerification(ctx context.Context, scope tenant.Scope, v verification.Verification, e *verification.Event, jobs ...verification.Job) error {
	d, err := s.documentsOf(ctx, scope, v, true)
	if err != nil {
		return err
	}
	return s.atomically(ctx, func(tx *store) error {
		err := tx.write(ctx, e, jobs, noResult, `INSERT INTO verifications (id, organization_id, group_id, folder_id, result_id, last_sequence, service_id, service_name, user_id, api_key,
			status, attempt, runs, start_date, end_date, input_config, config, total_files, total_pages,
			output, output_status, checks, output_path, export_path, failure, ocr_job_ids, fraud_job_ids,
			webhook_url, webhook_metadata, webhook_secret, credit_cost, credit_used, created_at, updated_at, consent)
		SELECT $3, organization_id, group_id, folder_id, id, $4, $9, $10, $11, $12,
			$13, $14, $15, $16, $17, $18, $19, $20, $21,
			$22, $23, $24, $25, $26, $27, $28, $29,
			$30, $31, $32, $33, $34, $35, $36, $37 FROM results
		WHERE `+inScope+` AND organization_id = $5 AND group_id = $6 AND folder_id = $7 AND id = $8`,
			scoped(scope, v.ID, events(e), v.OrganizationID, v.GroupID, v.FolderID, v.ResultID, v.ServiceID, v.ServiceName, v.UserID, d.apiKey,
				v.Status, v.Attempt, v.Runs, optionalMicros(v.StartDate), optionalMicros(v.EndDate), d.input, d.config, v.TotalFiles, v.TotalPages,
				d.output, v.OutputStatus, d.checks, v.OutputPath, v.ExportPath, d.failure, d.ocrJobs, d.fraudJobs,
				v.WebhookURL, d.metadata, d.secret, v.CreditCost, v.CreditUsed, micros(v.CreatedAt), micros(v.UpdatedAt), d.consent)...)
		if err != nil {
			return err
		}
		return tx.useFiles(ctx, v)
	})
}

// along is a row that is written with a verification: its own values, then
// columns of the verification's row.
type along struct {
	into   string // table and columns
	values []any
	from   string
}

func alongWith(e *verification.Event, jobs []verification.Job) (list []along) {
	if e != nil {
		list = append(list, along{`events (id, kind, from_status, to_status, attempt, actor, at, verification_id, organization_id, group_id, sequence)`,
			[]any{e.ID, e.Kind, e.From, e.To, e.Attempt, e.Actor, micros(e.At)}, `id, organization_id, group_id, last_sequence`})
	}
	for _, j := range jobs {
		list = append(list, along{`jobs (id, attempt, kind, status, created_at, updated_at, verification_id, organization_id, group_id)`,
			[]any{j.ID, j.Attempt, j.Kind, j.Status, micros(j.CreatedAt), micros(j.UpdatedAt)}, `id, organization_id, group_id`})
	}
	return list
}

// write runs a statement that writes the verification $3 and counts its events,
// and with it writes the event, unless it is nil, and jobs. No verification is
// NotFound with the message. The count in the verification's row is the event's
// number: writers wait for one another there, so that none is taken twice or
// left out. PostgreSQL does all in one statement.
func (s *store) write(ctx context.Context, e *verification.Event, jobs []verification.Job, missing, statement string, args ...any) error {
	var inserts []string
	for _, a := range alongWith(e, jobs) {
		inserts = append(inserts, `INSERT INTO `+a.into+` SELECT `+placeholders(len(args)+1, len(a.values))+`, `+a.from+` FROM `)
		args = append(args, a.values...)
	}
	var sequence int
	err := s.atomically(ctx, func(tx *store) (err error) {
		if s.db.dialect.writingCTE {
			query := `WITH written AS (` + statement + ` RETURNING id, organization_id, group_id, last_sequence)`
			for i, insert := range inserts {
				query += fmt.Sprintf(`, along%d AS (%swritten)`, i, insert)
			}
			sequence, err = one(ctx, tx, value[int], missing, query+` SELECT last_sequence FROM written`, args...)
			return err
		}
		if sequence, err = one(ctx, tx, value[int], missing, statement+` RETURNING last_sequence`, args...); err != nil {
			return err
		}
		for _, insert := range inserts {
			if _, err := tx.exec(ctx, insert+`verifications WHERE `+inScope+` AND id = $3`, args...); err != nil {
				return err
			}
		}
		return nil
	})
	if e != nil {
		e.Sequence = sequence
	}
	return err
}

// events is how many there are to append.
func events(e *verification.Event) int {
	if e == nil {
		return 0
	}
	return 1
}

// useFiles notes which uploads a verification's result uses.
func (s *store) useFiles(ctx context.Context, v verification.Verification) error {
	paths := v.Config.Paths()
	if len(paths) == 0 {
		return nil
	}
	rows := make([]string, len(paths))
	for i := range paths {
		rows[i] = fmt.Sprintf("($%d, $1, $2, $3)", 4+i)
	}
	_, err := s.exec(ctx, `INSERT INTO file_uses (path, result_id, organization_id, group_id) VALUES `+strings.Join(rows, ", ")+` ON CONFLICT (path, result_id) DO NOTHING`,
		append([]any{v.ResultID, v.OrganizationID, v.GroupID}, anys(paths)...)...)
	return err
}

// Verification implements verification.Store.
func (s *store) Verification(ctx context.Context, scope tenant.Scope, id uuid.UUID) (verification.Verification, error) {
	return one(ctx, s, s.scanVerification, noVerification, selectVerification+` AND id = $3`, scoped(scope, id)...)
}

// Verifications implements verification.Store.
func (s *store) Verifications(ctx context.Context, scope tenant.Scope, result uuid.UUID, p verification.Page) ([]verification.Verification, []verification.Status, error) {
	if _, err := s.Result(ctx, scope, result); err != nil {
		return nil, nil, err
	}
	if err := s.erasedResult(ctx, scope, result); err != nil {
		return nil, nil, err
	}
	members, err := all(ctx, s, value[verification.Status], `SELECT status FROM verifications WHERE `+inScope+` AND result_id = $3
		ORDER BY created_at, id`, scoped(scope, result)...)
	if err != nil {
		return nil, nil, err
	}
	list, err := all(ctx, s, s.scanVerification, selectVerification+` AND result_id = $3 ORDER BY created_at, id LIMIT $4 OFFSET $5`, scoped(scope, result, p.Size, p.Offset)...)
	return list, members, err
}

// UpdateVerification implements verification.Store.
func (s *store) UpdateVerification(ctx context.Context, scope tenant.Scope, was verification.Mark, v verification.Verification, e *verification.Event, jobs ...verification.Job) error {
	d, err := s.documentsOf(ctx, scope, v, false)
	if err != nil {
		return err
	}
	err = s.write(ctx, e, jobs, noVerification, `UPDATE verifications SET status = $6, attempt = $7, runs = $8, start_date = $9, end_date = $10,
			output = $11, output_status = $12, checks = $13, output_path = $14, export_path = $15, failure = $16,
			ocr_job_ids = $17, fraud_job_ids = $18, credit_cost = $19, credit_used = $20, updated_at = $21, last_sequence = last_sequence + $22
		WHERE `+inScope+` AND id = $3 AND status = $4 AND attempt = $5`,
		scoped(scope, v.ID, was.Status, was.Attempt, v.Status, v.Attempt, v.Runs, optionalMicros(v.StartDate), optionalMicros(v.EndDate),
			d.output, v.OutputStatus, d.checks, v.OutputPath, v.ExportPath, d.failure,
			d.ocrJobs, d.fraudJobs, v.CreditCost, v.CreditUsed, micros(v.UpdatedAt), events(e))...)
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	if _, err := s.Verification(ctx, scope, v.ID); err != nil {
		return err
	}
	return fault.New(fault.Conflict, "The verification has changed in the meantime: it is no longer %s.", was.Status)
}

// Events implements verification.Store.
func (s *store) Events(ctx context.Context, scope tenant.Scope, id uuid.UUID) ([]verification.Event, error) {
	return all(ctx, s, func(r row) (e verification.Event, err error) {
		err = r.Scan(&e.ID, &e.VerificationID, &e.Sequence, &e.Kind, &e.From, &e.To, &e.Attempt, &e.Actor, at{&e.At})
		return e, err
	}, `SELECT id, verification_id, sequence, kind, from_status, to_status, attempt, actor, at FROM events
		WHERE `+inScope+` AND verification_id = $3 ORDER BY sequence`, scoped(scope, id)...)
}

// Unfinished implements verification.Store.
func (s *store) Unfinished(ctx context.Context, scope tenant.Scope, before time.Time, limit int) ([]uuid.UUID, error) {
	return all(ctx, s, value[uuid.UUID], `SELECT id FROM verifications WHERE `+inScope+` AND status IN ($3, $4) AND updated_at < $5
		ORDER BY updated_at, id LIMIT $6`, scoped(scope, verification.InQueue, verification.InProgress, micros(before), limit)...)
}
