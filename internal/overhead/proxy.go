package overhead

import (
	"net/http"
	"net/http/httputil"
	"net/url"
)

// Proxy is the bare reverse proxy: what Go's standard library does for an HTTP
// request that nobody looks at.
func Proxy(upstream *url.URL) http.Handler {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, 1024 // else it dials anew for most of 64
	transport.DisableCompression = true
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(upstream)
			r.Out.Host = ""
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Without it the server closes the request's body at the first byte of
		// the answer. An upstream this quick answers while the transport still
		// looks whether more of the body comes, and then loses its connection.
		_ = http.NewResponseController(w).EnableFullDuplex()
		proxy.ServeHTTP(w, r)
	})
}
