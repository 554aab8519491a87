package docs_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"sotto.chat/internal/money"
	"sotto.chat/web/docs"
)

type thing struct {
	Name  string      `json:"name" doc:"What it is <called>, see \x60/v1/things\x60." example:"Cup"`
	Price money.Money `json:"price"`
	Parts []thing     `json:"parts,omitempty"`
}

func TestDocs(t *testing.T) {
	gin.SetMode(gin.TestMode)
	r := gin.New()
	cfg := huma.DefaultConfig("Sotto", "1.2.3")
	cfg.DocsPath, cfg.OpenAPIPath, cfg.SchemasPath = "", "", ""
	cfg.Servers = []*huma.Server{{URL: "https://shop.example"}}
	api := humagin.New(r, cfg)
	huma.Register(api, huma.Operation{OperationID: "post-things", Method: "POST", Path: "/v1/things", Summary: "Make a thing", Tags: []string{"things"}},
		func(context.Context, *struct{ Body thing }) (*struct{ Body thing }, error) { return nil, nil })
	docs.Mount(r, api.OpenAPI())
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w
	}
	var doc struct {
		OpenAPI string                     `json:"openapi"`
		Paths   map[string]json.RawMessage `json:"paths"`
	}
	w := get("/openapi.json")
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") || doc.Paths["/v1/things"] == nil {
		t.Errorf("openapi.json: %v %+v", err, doc)
	}
	page := get("/docs")
	for _, want := range []string{"Make a thing", "https://shop.example/v1/things", `id="post-things"`, "What it is &lt;called&gt;, see <code>/v1/things</code>.", "needed", "Money."} {
		if !strings.Contains(page.Body.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page.Body.String(), "<script") || !strings.Contains(page.Header().Get("Content-Security-Policy"), "default-src 'self'") {
		t.Error("the page needs no script and has a strict policy")
	}
}
