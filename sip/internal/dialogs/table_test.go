package dialogs_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/internal/dialogs"
)

func TestTable(t *testing.T) {
	var table dialogs.Table[string, int]
	if !table.PutNew("a", 1) || table.PutNew("a", 2) {
		t.Error("an id is taken once")
	}
	table.Put("a", 3)
	table.Drop("a", 1) // which has been replaced
	if table.Find("a") != 3 || table.Size() != 1 || len(table.Snapshot()) != 1 {
		t.Errorf("%d of %d", table.Find("a"), table.Size())
	}
	table.Drop("a", 3)
	if table.Find("a") != 0 || table.Size() != 0 {
		t.Error("it is still there")
	}
}
