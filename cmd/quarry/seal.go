package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"logquarry/engine/custody"
	"logquarry/engine/seal"
	"logquarry/engine/store"
)

// passphraseVariable holds the passphrase of the key for scripts.
const passphraseVariable = "QUARRY_SEAL_PASSPHRASE"

type sealFlags struct {
	makeKey, key, comment string
	noPassphrase          bool
}

func (a *app) sealCommand() *cobra.Command {
	var f sealFlags
	c := &cobra.Command{
		Use:   "seal --key FILE | --make-key FILE",
		Short: "Sign what the case is now",
		Long: `seal writes CASE.seal.json, a manifest of the case, and CASE.seal.json.minisig,
its signature with your key: the case file's SHA-256, the state of its actions,
every evidence file's path, SHA-256 and counts, and the hashes of kept findings.
minisign verifies the signature too: minisign -Vm case.duckdb.seal.json -p my.key.pub

The key is yours to make and to keep, away from the case: --make-key writes a
secret key, encrypted with a passphrase, and the public key beside it, FILE.pub,
both in minisign's format; keys of minisign's own serve as well. The passphrase
is asked on the terminal, or read from $` + passphraseVariable + `.

Exports from a sealed case are recorded beside the files alone, so that the case
stays the file that was sealed.`,
		Example: `  quarry seal --make-key ~/keys/quarry.key
  quarry seal --key ~/keys/quarry.key --comment "hand-over to the lab"
  quarry seal --key ~/keys/quarry.key --case incident.duckdb --force`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case a.output != "":
				return usage("it writes CASE"+seal.Suffix+" beside the case", "seal takes no --output")
			case (f.makeKey == "") == (f.key == ""):
				return usage("quarry seal --make-key FILE makes a key, quarry seal --key FILE signs with it", "seal needs either --key or --make-key")
			case f.noPassphrase && f.makeKey == "":
				return usage("whether a key has one is told by its file", "--no-passphrase goes with --make-key")
			case f.makeKey != "":
				return a.makeKey(c.Context(), f)
			}
			return a.seal(c.Context(), f)
		},
	}
	c.Flags().StringVar(&f.makeKey, "make-key", "", "make a secret key in `file`, the public one in file.pub")
	c.Flags().StringVar(&f.key, "key", "", "sign with the secret key in `file`")
	c.Flags().StringVar(&f.comment, "comment", "", "`text` for the manifest")
	c.Flags().BoolVar(&f.noPassphrase, "no-passphrase", false, "leave the new key unencrypted")
	return c
}

func (a *app) makeKey(ctx context.Context, f sealFlags) error {
	public := f.makeKey + ".pub"
	// A key that is replaced is gone for good, so --force does not do it.
	if err := custody.MayWrite(false, f.makeKey, public); err != nil {
		return &hinted{err, "a key is never replaced: name another file"}
	}
	passphrase := ""
	if !f.noPassphrase {
		var err error
		if passphrase, err = a.passphrase(ctx, true); err != nil {
			return err
		}
	}
	secret, pub, err := seal.MakeKey(passphrase)
	if err != nil {
		return err
	}
	if err := custody.WriteAll(false, custody.Text{Path: f.makeKey, Text: secret}, custody.Text{Path: public, Text: pub}); err != nil {
		return err
	}
	key, err := seal.ParsePublicKey(string(pub))
	if err != nil {
		return err
	}
	if a.json {
		return a.tell(struct {
			SecretKey string `json:"secret_key"`
			PublicKey string `json:"public_key"`
			KeyID     string `json:"key_id"`
		}{f.makeKey, public, key.ID()})
	}
	if !a.quiet {
		fmt.Fprintf(a.err, "key %s: %s signs, keep it safe and away from the case; %s checks, give it to whoever is to\n",
			key.ID(), escapeLines(f.makeKey), escapeLines(public))
	}
	return nil
}

// passphrase asks for the passphrase of a key; of a new one twice.
func (a *app) passphrase(ctx context.Context, fresh bool) (string, error) {
	text := a.getenv(passphraseVariable)
	if text == "" {
		tty, ok := a.in.(*os.File)
		if !ok || !term.IsTerminal(int(tty.Fd())) {
			var err error
			if tty, err = os.OpenFile("/dev/tty", os.O_RDWR, 0); err != nil {
				hint := "set $" + passphraseVariable
				if fresh {
					hint += ", or add --no-passphrase"
				}
				return "", &hinted{errors.New("the key needs a passphrase, and there is no terminal to ask on"), hint}
			}
			defer tty.Close()
		}
		ask := func(prompt string) (string, error) {
			fmt.Fprint(a.err, prompt)
			defer fmt.Fprintln(a.err)
			got, err := readHidden(ctx, int(tty.Fd()))
			if err != nil && ctx.Err() == nil {
				err = fmt.Errorf("read the passphrase: %w", err)
			}
			return got, err
		}
		var err error
		if text, err = ask("passphrase of the key: "); err != nil {
			return "", err
		}
		if fresh && text != "" {
			again, err := ask("once more: ")
			if err != nil {
				return "", err
			}
			if again != text {
				return "", errors.New("the two passphrases differ")
			}
		}
	}
	if text == "" {
		hint := ""
		if fresh {
			hint = "--no-passphrase leaves the key unencrypted"
		}
		return "", &hinted{errors.New("the passphrase is empty"), hint}
	}
	return text, nil
}

// readHidden reads a line that is not shown. When ctx ends the terminal is put
// back, and the reading is left behind: nothing can end it.
func readHidden(ctx context.Context, fd int) (string, error) {
	state, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	type line struct {
		text []byte
		err  error
	}
	got := make(chan line, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		got <- line{text, err}
	}()
	select {
	case l := <-got:
		return string(l.text), l.err
	case <-ctx.Done():
		return "", errors.Join(context.Cause(ctx), term.Restore(fd, state))
	}
}

// unlock reads the secret key in a file.
func (a *app) unlock(ctx context.Context, path string) (seal.Key, error) {
	secret, err := os.ReadFile(path)
	if err != nil {
		return seal.Key{}, fmt.Errorf("read the key: %w", err)
	}
	passphrase := ""
	if seal.Encrypted(secret) {
		if passphrase, err = a.passphrase(ctx, false); err != nil {
			return seal.Key{}, err
		}
	}
	key, err := seal.Unlock(secret, passphrase)
	if err != nil {
		return key, fmt.Errorf("read the key %s: %w", path, err)
	}
	return key, nil
}

func (a *app) seal(ctx context.Context, f sealFlags) (err error) {
	path, _ := a.caseName()
	manifestPath := path + seal.Suffix
	if err := custody.MayWrite(a.force, manifestPath, manifestPath+seal.SignatureSuffix); err != nil {
		return &hinted{err, "--force replaces the seal"}
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return &hinted{fmt.Errorf("open case %s: there is no such file", path), "make it with: quarry load PATH --case " + path}
	}
	// Before the case is touched.
	key, err := a.unlock(ctx, f.key)
	if err != nil {
		return err
	}
	m := seal.Manifest{By: custody.Now(version, time.Time{}), Comment: f.comment, Case: seal.Case{Name: filepath.Base(path)}}
	if err := a.manifest(ctx, path, key, &m); err != nil {
		return err
	}
	// The case is closed: what lies there is all of it.
	if _, err := os.Stat(path + ".wal"); err == nil {
		return &hinted{fmt.Errorf("seal %s: there are changes beside the file, in %s.wal", path, path), "close the other quarry or DuckDB that has it open, and try again"}
	}
	if m.Case.SHA256, m.Case.Bytes, err = custody.Sum(path); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	text, err := m.Encode()
	if err != nil {
		return err
	}
	err = custody.WriteAll(a.force, custody.Text{Path: manifestPath + seal.SignatureSuffix, Text: seal.Sign(text, key, manifestPath, m.At)},
		custody.Text{Path: manifestPath, Text: text})
	if err != nil {
		return err
	}
	if a.json {
		return a.tell(struct {
			Manifest   string `json:"manifest"`
			Signature  string `json:"signature"`
			KeyID      string `json:"key_id"`
			CaseSHA256 string `json:"case_sha256"`
			Actions    int64  `json:"actions"`
			Evidence   int    `json:"evidence_files"`
			Findings   int    `json:"findings"`
		}{manifestPath, manifestPath + seal.SignatureSuffix, key.ID(), m.Case.SHA256, m.Case.Actions, len(m.Evidence), len(m.Findings)})
	}
	if !a.quiet {
		fmt.Fprintf(a.err, "sealed %s with key %s: %s, %s, %s\nSHA-256 %s\n%s is signed in %s\n", escapeLines(path), key.ID(),
			plural(int64(len(m.Evidence)), "evidence file"), plural(int64(len(m.Findings)), "kept finding"), plural(m.Case.Actions, "action"),
			m.Case.SHA256, escapeLines(manifestPath), escapeLines(manifestPath+seal.SignatureSuffix))
	}
	return nil
}

// manifest records the seal in the case, notes what the case then holds, and
// closes it.
func (a *app) manifest(ctx context.Context, path string, key seal.Key, m *seal.Manifest) (err error) {
	c, err := a.openCase(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	chain, err := c.CheckActions(ctx)
	if err == nil {
		err = chain.Err()
	}
	if err != nil {
		return fmt.Errorf("seal %s: %w", path, err)
	}
	err = c.Record(ctx, store.Action{Name: "seal", Version: version, At: m.At, Detail: struct {
		KeyID   string `json:"key_id"`
		Comment string `json:"comment,omitempty"`
	}{key.ID(), m.Comment}})
	if err != nil {
		return err
	}
	if m.Case.State, err = c.State(ctx); err != nil {
		return err
	}
	now, err := caseNow(ctx, c)
	if err != nil {
		return err
	}
	m.Evidence = now.Evidence
	for i := range now.Findings {
		m.Findings = append(m.Findings, seal.FindingOf(&now.Findings[i]))
	}
	return c.Exec(ctx, "CHECKPOINT", nil)
}

// caseNow is what an open case holds, but for the hash of its file.
func caseNow(ctx context.Context, c *store.Case) (now seal.Now, err error) {
	chain, err := c.CheckActions(ctx)
	if err != nil {
		return now, err
	}
	now.Hashes = chain.Hashes
	if now.Findings, err = c.Findings(ctx); err != nil {
		return now, err
	}
	rows, err := c.DB().QueryContext(ctx, `
		SELECT file_id, path, coalesce(source, ''), status, coalesce(sha256, ''), coalesce(bytes, 0), records, loaded, duplicates, rejected
		FROM evidence ORDER BY file_id`)
	if err != nil {
		return now, fmt.Errorf("read the ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var e seal.Evidence
		if err := rows.Scan(&e.FileID, &e.Path, &e.Source, &e.Status, &e.SHA256, &e.Bytes, &e.Records, &e.Loaded, &e.Duplicates, &e.Rejected); err != nil {
			return now, err
		}
		now.Evidence = append(now.Evidence, e)
	}
	return now, rows.Err()
}
