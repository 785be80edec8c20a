package storetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// cluster is the private PostgreSQL of one test run. It is the one thing here
// that outlives a test: starting it takes two seconds.
var cluster = sync.OnceValues(startCluster)

var databases atomic.Int64

type server struct {
	folder string
	// lifeline ends the cluster when it closes: with this process, however that
	// ends.
	lifeline io.WriteCloser
}

// Postgres is the URL of an empty database with PostGIS in a private cluster,
// which is started once a run. It does not wait for the disk, unless Durable is
// called. The database goes with the test. A PostgreSQL or PostGIS that is not
// installed fails the test.
func Postgres(t testing.TB) string {
	t.Helper()
	s, name, err := database()
	if err != nil {
		t.Fatalf("these tests need PostgreSQL with PostGIS (apt-get install postgresql postgresql-15-postgis-3): %v", err)
	}
	t.Cleanup(func() {
		if err := s.run("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return s.url(name)
}

// Durable makes the private cluster wait for the disk as a real one does, from now
// on: for tests and benchmarks that are about just that.
func Durable(t testing.TB) {
	t.Helper()
	s, err := cluster()
	if err == nil {
		err = s.fsync("on")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Start is Postgres for programs that are no tests: the database and its cluster
// go with the process, and are durable.
func Start() (url string, err error) {
	s, name, err := database()
	if err == nil {
		err = s.fsync("on")
	}
	if err != nil {
		return "", err
	}
	return s.url(name), nil
}

func (s *server) fsync(setting string) error {
	return s.run("ALTER SYSTEM SET fsync = "+setting, "SELECT pg_reload_conf()")
}

// database makes an empty one in the cluster.
func database() (s *server, name string, err error) {
	if s, err = cluster(); err != nil {
		return nil, "", err
	}
	name = "onyo_" + strconv.FormatInt(databases.Add(1), 10)
	return s, name, s.run("CREATE DATABASE " + name + " TEMPLATE onyo_template")
}

func (s *server) url(database string) string {
	query := url.Values{"host": {s.folder}, "user": {superuser}}
	return "postgres:///" + database + "?" + query.Encode()
}

const superuser = "onyo_test"

func (s *server) run(statements ...string) error { return s.runIn("postgres", statements...) }

func (s *server) runIn(database string, statements ...string) error {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	conn, err := pgx.Connect(ctx, s.url(database))
	if err != nil {
		return fmt.Errorf("connect to the test cluster: %w", err)
	}
	defer conn.Close(ctx)
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// keeper starts the cluster and waits for its standard input to end, then stops
// it and removes every trace. $1 is the folder of the programs, $2 ours.
const keeper = `"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c max_connections=200 \
	-c shared_buffers=64MB -c log_min_messages=fatal >"$2/log" 2>&1 &
pid=$!
cat >/dev/null
kill -QUIT $pid
wait $pid
rm -rf "$2"`

func startCluster() (*server, error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "onyo-pg-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the test cluster: %w", err)
	}
	identity, err := unprivileged(folder)
	if err != nil {
		return nil, err
	}
	initdb := exec.Command(filepath.Join(programs, "initdb"), "-D", filepath.Join(folder, "data"), "-U", superuser,
		"-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = folder, identity
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	keep := exec.Command("sh", "-c", keeper, "sh", programs, folder)
	keep.Dir, keep.SysProcAttr = folder, identity
	s := &server{folder: folder}
	if s.lifeline, err = keep.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start the test cluster: %w", err)
	}
	if err := keep.Start(); err != nil {
		return nil, fmt.Errorf("start the test cluster: %w", err)
	}
	return s, s.await()
}

// await waits until the cluster answers and makes the template.
func (s *server) await() error {
	deadline := time.Now().Add(time.Minute)
	for {
		err := s.run("SELECT 1")
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(s.folder, "log"))
			return fmt.Errorf("the test cluster does not answer: %w: %s", err, bytes.TrimSpace(log))
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := s.fsync("off"); err != nil {
		return err
	}
	if err := s.run("CREATE DATABASE onyo_template"); err != nil {
		return err
	}
	return s.runIn("onyo_template", "CREATE EXTENSION postgis")
}

// findPrograms looks where Debian keeps the newest version, then on the path.
func findPrograms() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err == nil && len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	initdb, err := exec.LookPath("initdb")
	if err != nil {
		return "", fmt.Errorf("find initdb: %w", err)
	}
	return filepath.Dir(initdb), nil
}

// postgresUser is who runs the cluster when we are root, which PostgreSQL
// refuses.
func postgresUser() (uid, gid int, err error) {
	who, err := user.Lookup("postgres")
	if err != nil {
		return 0, 0, fmt.Errorf("find somebody to run PostgreSQL as: %w", err)
	}
	if uid, err = strconv.Atoi(who.Uid); err != nil {
		return 0, 0, fmt.Errorf("read the id of user postgres: %w", err)
	}
	gid, err = strconv.Atoi(who.Gid)
	return uid, gid, err
}
