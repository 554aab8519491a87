package sandbox

import (
	"net/http"
)

func (s *Sandbox) controlRoutes(mux *http.ServeMux) {}
