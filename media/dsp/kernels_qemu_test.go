//go:build amd64 && linux

package dsp

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// The kernels of arm64 are held against the scalar ones too, by an emulated processor.
func TestKernelsOfArm64(t *testing.T) {
	emulator, err := exec.LookPath("qemu-aarch64-static")
	if err != nil {
		t.Skip("skipped: qemu-user-static is not installed: no arm64 to run on")
	}
	binary := filepath.Join(t.TempDir(), "dsp.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", binary, ".")
	build.Env = append(build.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := exec.CommandContext(t.Context(), emulator, binary, "-test.v", "-test.run", "^TestKernels(AreTheScalarOnes|AtFullScale)$") //nolint:gosec // built above
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
