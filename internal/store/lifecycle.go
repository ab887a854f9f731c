package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/ledger"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// UpdateInput implements verification.Store.
func (s *store) UpdateInput(ctx context.Context, scope tenant.Scope, was verification.Mark, v verification.Verification) error {
	d, err := s.documentsOf(ctx, scope, v, true)
	if err != nil {
		return err
	}
	n, err := s.exec(ctx, `UPDATE verifications SET service_id = $6, service_name = $7, input_config = $8, config = $9, total_files = $10, total_pages = $11,
			webhook_url = $12, webhook_metadata = $13, webhook_secret = $14, credit_cost = $15, updated_at = $16, consent = $17
		WHERE `+inScope+` AND id = $3 AND status = $4 AND attempt = $5`,
		scoped(scope, v.ID, was.Status, was.Attempt, v.ServiceID, v.ServiceName, d.input, d.config, v.TotalFiles, v.TotalPages,
			v.WebhookURL, d.metadata, d.secret, v.CreditCost, micros(v.UpdatedAt), d.consent)...)
	if err == nil && n == 1 {
		err = s.useFiles(ctx, v)
	}
	if err != nil || n == 1 {
		return err
	}
	if _, err := s.Verification(ctx, scope, v.ID); err != nil {
		return err
	}
	return fault.New(fault.Conflict, "The verification has changed in the meantime: it is no longer %s.", was.Status)
}

// LockVerification implements verification.Store. The update takes the row on
// both engines; what is read after it is what the last one to change it left.
func (s *store) LockVerification(ctx context.Context, scope tenant.Scope, id uuid.UUID) (verification.Verification, error) {
	if err := s.change(ctx, noVerification, `UPDATE verifications SET last_sequence = last_sequence WHERE `+inScope+` AND id = $3`, scoped(scope, id)...); err != nil {
		return verification.Verification{}, err
	}
	return s.Verification(ctx, scope, id)
}

// Reserved implements verification.Store.
func (s *store) Reserved(ctx context.Context, scope tenant.Scope, id uuid.UUID, attempt int) (bool, error) {
	return s.exists(ctx, `SELECT 1 FROM ledger_entries e WHERE `+inScope+` AND verification_id = $3 AND attempt = $4 AND kind = $5
		AND NOT EXISTS (SELECT 1 FROM ledger_entries f WHERE f.verification_id = e.verification_id AND f.attempt = e.attempt AND f.kind IN ($6, $7))`,
		scoped(scope, id, attempt, ledger.Reserve, ledger.Settle, ledger.Release)...)
}

// InsertAttempt implements verification.Store.
func (s *store) InsertAttempt(ctx context.Context, scope tenant.Scope, id uuid.UUID, a verification.Attempt) error {
	var columns [4]*string
	for i, from := range []any{a.Checks, a.Failure, a.OCRJobIDs, a.FraudJobIDs} {
		var err error
		if columns[i], err = asJSON(from); err != nil {
			return err
		}
	}
	row := fmt.Sprint(id, " ", a.Number)
	output, err := s.sealFor(ctx, scope, id, place("attempts.output", row), raw(a.Output))
	if err != nil {
		return err
	}
	if columns[0], err = s.sealFor(ctx, scope, id, place("attempts.checks", row), columns[0]); err != nil {
		return err
	}
	err = s.change(ctx, noVerification, `INSERT INTO attempts (verification_id, organization_id, group_id, number, status, start_date, end_date,
			output, output_status, output_path, export_path, retried_at, retried_by, checks, failure, ocr_job_ids, fraud_job_ids)
		SELECT id, organization_id, group_id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17 FROM verifications WHERE `+inScope+` AND id = $3`,
		scoped(scope, id, a.Number, a.Status, optionalMicros(a.StartDate), optionalMicros(a.EndDate),
			output, a.OutputStatus, a.OutputPath, a.ExportPath, optionalMicros(a.RetriedAt), a.RetriedBy, columns[0], columns[1], columns[2], columns[3])...)
	return taken(err, "This attempt is kept already.")
}

// Attempts implements verification.Store.
func (s *store) Attempts(ctx context.Context, scope tenant.Scope, id uuid.UUID) ([]verification.Attempt, error) {
	owner, err := s.resultOf(ctx, scope, id)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return all(ctx, s, func(r row) (a verification.Attempt, err error) {
		key := &opener{db: s.db, owner: &owner.ID}
		row := later(func() any { return fmt.Sprint(id, " ", a.Number) })
		err = r.Scan(&a.Number, key, &a.Status, maybeAt{&a.StartDate}, maybeAt{&a.EndDate}, opened{key, "attempts.output", row, &a.Output}, &a.OutputStatus, &a.OutputPath, &a.ExportPath,
			maybeAt{&a.RetriedAt}, &a.RetriedBy, opened{key, "attempts.checks", row, &a.Checks}, fromJSON{&a.Failure}, fromJSON{&a.OCRJobIDs}, fromJSON{&a.FraudJobIDs})
		return a, err
	}, `SELECT number, (SELECT wrapped FROM data_keys WHERE owner_id = $4), status, start_date, end_date, output, output_status, output_path, export_path, retried_at, retried_by, checks, failure, ocr_job_ids, fraud_job_ids
		FROM attempts WHERE `+inScope+` AND verification_id = $3 ORDER BY number`, scoped(scope, id, owner.ID)...)
}

// FindResults implements verification.Store.
func (s *store) FindResults(ctx context.Context, scope tenant.Scope, f verification.ResultFilter, p verification.Page) ([]verification.Result, int, error) {
	args := scoped(scope)
	where := ""
	if f.Folder != uuid.Nil {
		args = append(args, f.Folder)
		where += ` AND folder_id = $` + strconv.Itoa(len(args))
	}
	if f.Status != "" {
		args = append(args, f.Status)
		where += ` AND EXISTS (SELECT 1 FROM verifications v WHERE v.result_id = results.id AND v.status = $` + strconv.Itoa(len(args)) + `)`
	}
	total, err := one(ctx, s, value[int], "", `SELECT COUNT(*) FROM results WHERE `+inScope+where, args...)
	if err != nil {
		return nil, 0, err
	}
	n := len(args)
	list, err := all(ctx, s, scanResult, selectResult+where+` ORDER BY created_at DESC, id DESC LIMIT $`+strconv.Itoa(n+1)+` OFFSET $`+strconv.Itoa(n+2), append(args, p.Size, p.Offset)...)
	return list, total, err
}

// MemberStatuses implements verification.Store.
func (s *store) MemberStatuses(ctx context.Context, scope tenant.Scope, results []uuid.UUID) (map[uuid.UUID][]verification.Status, error) {
	found := map[uuid.UUID][]verification.Status{}
	if len(results) == 0 {
		return found, nil
	}
	args := scoped(scope)
	var places []string
	for _, id := range results {
		args = append(args, id)
		places = append(places, "$"+strconv.Itoa(len(args)))
	}
	_, err := all(ctx, s, func(r row) (_ struct{}, err error) {
		var id uuid.UUID
		var status verification.Status
		err = r.Scan(&id, &status)
		found[id] = append(found[id], status)
		return struct{}{}, err
	}, `SELECT DISTINCT result_id, status FROM verifications WHERE `+inScope+` AND result_id IN (`+strings.Join(places, ", ")+`) ORDER BY result_id, status`, args...)
	return found, err
}
