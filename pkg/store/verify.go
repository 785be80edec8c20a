package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/ledger"
	"github.com/onyo-project/onyo/pkg/vault"
)

// Verdict is what Verify found.
type Verdict struct {
	// Entries and Rows are how many were read; Records, how many rows each record
	// table holds.
	Entries uint64
	Rows    uint64
	Records map[crisis.Table]uint64
	// Forgotten counts rows whose owner's key was destroyed, as an entry says:
	// nobody can check them any more.
	Forgotten uint64
	// Ledger, Derived and Working are the database's other tables, by what they
	// are for.
	Ledger  []string
	Derived []string
	Working []string
	// Faults say, one a line and without personal data, what is not as it was
	// written. At most maxFaults are told.
	Faults []string
}

const (
	maxFaults = 200
	// verifyChunk is how many rows are read before their keys are.
	verifyChunk = 500
)

// Verify reads the whole ledger and every row of every record table, in one
// snapshot, and computes all of it anew: entries against the stored hashes, the
// sealed head and a checkpoint that was kept elsewhere (nil for none); each row
// against its entry's commitment and each entry against its row; the tables and
// triggers that the database has against those that it should have. progress, if
// not nil, hears how many of about how many steps are done.
//
// It fails only when it cannot read, or with ledger.ErrCheckpoint; what it finds
// wrong is in the Verdict.
func (s *Store) Verify(ctx context.Context, progress func(done, total uint64), checkpoint []byte) (Verdict, error) {
	conn, err := s.reader.Conn(ctx)
	if err != nil {
		return Verdict{}, fmt.Errorf("verify: %w", err)
	}
	defer conn.Close()
	begin := "BEGIN"
	if s.dialect.postgres {
		begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	}
	if _, err := conn.ExecContext(ctx, begin); err != nil {
		return Verdict{}, fmt.Errorf("verify: take a snapshot: %w", err)
	}
	defer func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") }()
	v := &verification{
		store: s, conn: conn, progress: progress,
		entries: map[crisis.Table]uint64{}, forgotten: map[string]bool{},
		verdict: Verdict{Records: map[crisis.Table]uint64{}},
	}
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return v.ledger(ctx, checkpoint) }, v.tables, v.rows,
	} {
		if err := step(ctx); err != nil {
			return Verdict{}, fmt.Errorf("verify: %w", err)
		}
	}
	return v.verdict, nil
}

// verification is one run of Verify.
type verification struct {
	store    *Store
	conn     *sql.Conn
	progress func(done, total uint64)
	total    uint64
	done     uint64
	// entries counts the ledger's lines by table.
	entries map[crisis.Table]uint64
	// forgotten are the owners whose keys the ledger says were destroyed.
	forgotten map[string]bool
	verdict   Verdict
}

func (v *verification) fault(format string, args ...any) {
	if len(v.verdict.Faults) < maxFaults {
		v.verdict.Faults = append(v.verdict.Faults, fmt.Sprintf(format, args...))
	}
}

func (v *verification) step(n int) {
	v.done += uint64(n)
	if v.progress != nil {
		v.progress(v.done, max(v.total, v.done))
	}
}

// head reads the ledger's sealed head, and whether its seal holds.
func (s *Store) head(ctx context.Context, conn *sql.Conn) (size uint64, root ledger.Hash, sound bool, err error) {
	var rawRoot, seal []byte
	err = conn.QueryRowContext(ctx, "SELECT size, root, seal FROM ledger_head WHERE one = 1").Scan(&size, &rawRoot, &seal)
	if err != nil {
		return 0, root, false, fmt.Errorf("read the ledger's head: %w", err)
	}
	copy(root[:], rawRoot)
	_, opened := s.deployment.Open(seal, headAAD(size, root))
	return size, root, opened == nil && len(rawRoot) == len(root), nil
}

// ledger reads every entry in order.
func (v *verification) ledger(ctx context.Context, checkpoint []byte) error {
	size, root, sound, err := v.store.head(ctx, v.conn)
	if err != nil {
		return err
	}
	if !sound {
		v.fault("the ledger's head was changed")
	}
	v.total = 2 * size
	kept := []ledger.Checkpoint{{Size: size, Root: root}}
	if checkpoint != nil {
		signer, err := v.store.signer()
		if err != nil {
			return err
		}
		known, err := ledger.VerifyCheckpoint(checkpoint, signer.PublicKey())
		if err != nil {
			return err
		}
		kept = append(kept, known)
	}
	fetch := func(no uint64) (hashes []byte, err error) {
		err = v.conn.QueryRowContext(ctx, v.store.dialect.bind("SELECT hashes FROM ledger_page WHERE page = ?"), int64(no)).Scan(&hashes)
		if err == sql.ErrNoRows {
			return nil, nil
		}
		return hashes, err
	}
	verifier := ledger.NewVerifier(fetch, kept...)
	for from := int64(-1); ; {
		lines, err := v.lines(ctx, from)
		if err != nil {
			return err
		}
		for _, line := range lines {
			from = line.index
			if err := v.line(verifier, line); err != nil {
				return err
			}
		}
		v.step(len(lines))
		if len(lines) < verifyChunk {
			break
		}
	}
	_, err = verifier.Finish()
	return v.told(err)
}

// told takes a ledger's fault into the verdict, once; other errors stay.
func (v *verification) told(err error) error {
	fault, ok := err.(*ledger.Fault)
	if !ok {
		return err
	}
	if !slices.Contains(v.verdict.Faults, fault.Error()) {
		v.fault("%s", fault)
	}
	return nil
}

// line is one row of ledger_entry.
type line struct {
	index int64
	table string
	id    string
	rev   int64
	leaf  []byte
}

func (v *verification) lines(ctx context.Context, after int64) ([]line, error) {
	rows, err := v.conn.QueryContext(ctx, v.store.dialect.bind(
		"SELECT idx, tbl, id, rev, leaf FROM ledger_entry WHERE idx > ? ORDER BY idx LIMIT ?"), after, verifyChunk)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	defer rows.Close()
	lines := make([]line, 0, verifyChunk)
	for rows.Next() {
		var l line
		if err := rows.Scan(&l.index, &l.table, &l.id, &l.rev, &l.leaf); err != nil {
			return nil, fmt.Errorf("read the ledger: %w", err)
		}
		lines = append(lines, l)
	}
	return lines, rows.Err()
}

func (v *verification) line(verifier *ledger.Verifier, l line) error {
	v.verdict.Entries++
	if _, err := verifier.Add(l.leaf); err != nil {
		if err := v.told(err); err != nil {
			return err
		}
	}
	// The verifier stays at its first fault; what the entry says counts on.
	entry, err := ledger.ParseEntry(l.leaf)
	if err != nil {
		v.fault("ledger entry %d: cannot be read", l.index)
		return nil
	}
	if entry.Table != l.table || entry.ID != l.id || int64(entry.Rev) != l.rev || int64(entry.Index) != l.index {
		v.fault("ledger entry %d: its row names another record than the entry", l.index)
	}
	table := crisis.Table(entry.Table)
	v.entries[table]++
	if table == crisis.TableDataKey {
		v.forgotten[entry.ID] = true
	} else if _, known := v.store.shapes[table]; !known {
		v.fault("ledger entry %d: there is no record table %q", l.index, entry.Table)
	}
	return nil
}

// Checkpoint signs how far the ledger goes. Kept elsewhere, it lets Verify find
// even what was changed together with all hashes. A head that was changed behind
// our back is not signed.
func (s *Store) Checkpoint(ctx context.Context) ([]byte, error) {
	conn, err := s.reader.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("make a checkpoint: %w", err)
	}
	defer conn.Close()
	size, root, sound, err := s.head(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("make a checkpoint: %w", err)
	}
	if !sound {
		return nil, fmt.Errorf("make a checkpoint: the ledger's head was changed: %w", vault.ErrSealed)
	}
	signer, err := s.signer()
	if err != nil {
		return nil, fmt.Errorf("make a checkpoint: %w", err)
	}
	return signer.Sign(size, root)
}

func (s *Store) signer() (*ledger.Signer, error) {
	return ledger.NewSigner(s.origin, s.keys.LedgerSeed().Reveal())
}
