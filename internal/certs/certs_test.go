package certs_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/certs"
)

func TestSelfSignedIsKeptAndRenewed(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	first, err := certs.SelfSigned(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	again, err := certs.SelfSigned(dir, now.Add(24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Certificate[0], again.Certificate[0]) {
		t.Error("a valid certificate was not kept")
	}
	later, err := certs.SelfSigned(dir, now.Add(350*24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(first.Certificate[0], later.Certificate[0]) {
		t.Error("a certificate about to expire was kept")
	}
	if !reflect.DeepEqual(first.PrivateKey, later.PrivateKey) {
		t.Error("a new key")
	}
	if later.Leaf.VerifyHostname("localhost") != nil || later.Leaf.VerifyHostname("127.0.0.1") != nil {
		t.Errorf("it is for %v and %v", later.Leaf.DNSNames, later.Leaf.IPAddresses)
	}
	if info, err := os.Stat(filepath.Join(dir, "tls.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v", info, err)
	}
}

// A start that was cut short leaves a key without its certificate.
func TestALostCertificateIsMadeAgain(t *testing.T) {
	dir := t.TempDir()
	first, err := certs.SelfSigned(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "tls.crt")); err != nil {
		t.Fatal(err)
	}
	again, err := certs.SelfSigned(dir, time.Now())
	if err != nil || !reflect.DeepEqual(first.PrivateKey, again.PrivateKey) {
		t.Errorf("another key, or %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
}

func TestBrokenKeyIsAnErrorNotReplaced(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"tls.crt", "tls.key"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("no pem"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := certs.SelfSigned(dir, time.Now()); err == nil {
		t.Fatal("no error")
	}
	if _, err := certs.Load([]byte("x"), []byte("y"), nil); err == nil {
		t.Fatal("no error for missing files")
	}
}
