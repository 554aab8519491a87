package sandbox_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestShapesFollowStripesOwnSpecification holds every kind of object and event to Stripe's OpenAPI document of the same version:
// no unknown property, no missing one, no null or word that Stripe would not send.
func TestShapesFollowStripesOwnSpecification(t *testing.T) {
	shared := os.Getenv("SOTTO_SHARED")
	if shared == "" {
		shared = "../../../shared"
	}
	raw, err := os.ReadFile(filepath.Join(shared, "fixtures/stripe/openapi-2023-10-16/spec3.min.json"))
	if err != nil {
		t.Skip("Stripe's specification is not here; set SOTTO_SHARED to the folder that holds it: ", err)
	}
	var document struct {
		Components struct{ Schemas map[string]*schema }
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	spec := spec{document.Components.Schemas}

	sh := open(t, newReceiver(t), nil)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	sh.session(100)
	must(sh.Expire(sh.session(100).ID))
	must(sh.Decline(sh.session(100).ID, "expired_card"))
	sh.press(sh.session(100).ID, "authenticate")
	late := sh.session(100)
	must(sh.Delay(late.ID))
	must(sh.Settle(late.ID, false))
	paid := sh.paid(1000)
	refund, err := sh.Refund(paid.ID, 100)
	must(err)
	must(sh.FailRefund(refund))
	dispute, err := sh.Dispute(paid.ID, "")
	must(err)
	must(sh.DecideDispute(dispute, true))

	_, err = sh.Book("stripe_fee", -200, 0, "eur")
	must(err)
	_, err = sh.Payout("eur")
	must(err)

	lists := []string{"checkout/sessions", "payment_intents", "charges", "refunds", "disputes", "balance_transactions", "payouts", "events",
		"balance_transactions?expand[]=data.source"}
	for _, path := range lists {
		glue := "?"
		if strings.Contains(path, "?") {
			glue = "&"
		}
		_, list, _ := sh.raw("GET", "/v1/"+path+glue+"limit=100", secretKey, "", nil)
		rows := list["data"].([]any)
		if len(rows) == 0 {
			t.Errorf("%s is empty", path)
		}
		for _, row := range rows {
			spec.holds(t, row.(map[string]any))
			if data, isEvent := row.(map[string]any)["data"].(map[string]any); isEvent {
				spec.holds(t, data["object"].(map[string]any))
			}
		}
	}
	for _, path := range []string{"account", "balance"} {
		_, one, _ := sh.raw("GET", "/v1/"+path, secretKey, "", nil)
		spec.holds(t, one)
	}
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       string
	Nullable   bool
	Required   []string
	Enum       []any
	Properties map[string]*schema
	Items      *schema
	AnyOf      []*schema
	Additional any `json:"additionalProperties"`
}

type spec struct{ schemas map[string]*schema }

func (s spec) holds(t *testing.T, object map[string]any) {
	t.Helper()
	kind := object["object"].(string)
	if s.schemas[kind] == nil {
		t.Fatalf("Stripe knows no %s", kind)
	}
	for _, fault := range s.check(kind, s.schemas[kind], object) {
		t.Error(fault)
	}
}

func (s spec) check(at string, want *schema, got any) (faults []string) {
	if want.Ref != "" {
		want = s.schemas[want.Ref[strings.LastIndex(want.Ref, "/")+1:]]
	}
	if got == nil {
		if !want.Nullable {
			faults = append(faults, at+": null is not allowed")
		}
		return faults
	}
	if len(want.AnyOf) > 0 {
		for _, one := range want.AnyOf {
			if faults = s.check(at, one, got); len(faults) == 0 {
				return nil
			}
		}
		return faults
	}
	kind := map[string]string{"string": "string", "bool": "boolean", "float64": "integer", "[]interface {}": "array"}[fmt.Sprintf("%T", got)]
	if kind == "" {
		kind = "object"
	}
	if want.Type != kind && !(want.Type == "number" && kind == "integer") {
		return []string{fmt.Sprintf("%s: %v is no %s", at, got, want.Type)}
	}
	switch v := got.(type) {
	case map[string]any:
		if want.Properties == nil {
			return nil
		}
		for _, name := range want.Required {
			if _, there := v[name]; !there {
				faults = append(faults, at+"."+name+": missing")
			}
		}
		for name, value := range v {
			if property := want.Properties[name]; property != nil {
				faults = append(faults, s.check(at+"."+name, property, value)...)
			} else if want.Additional == nil {
				faults = append(faults, at+"."+name+": unknown")
			}
		}
	case []any:
		for _, item := range v {
			faults = append(faults, s.check(at+"[]", want.Items, item)...)
		}
	default:
		if len(want.Enum) > 0 && !slices.Contains(want.Enum, got) {
			faults = append(faults, fmt.Sprintf("%s: %v is not one of %v", at, v, want.Enum))
		}
	}
	return faults
}
