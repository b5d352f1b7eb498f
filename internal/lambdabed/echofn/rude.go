package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// rude is a runtime that does what no runtime may do, and answers each
// invocation with the statuses it got for it.
func rude(api string) {
	second := 0
	for {
		id := poll(api + "next").Header.Get("Lambda-Runtime-Aws-Request-Id")
		answer := fmt.Sprintf("poll without an answer %d, foreign id %d, second answer %d",
			poll(api+"next").StatusCode, post(api+"someone-else/response", ""), second)
		post(api+id+"/response", answer)
		second = post(api+id+"/response", answer)
	}
}

func poll(url string) *http.Response {
	res, err := http.Get(url)
	if err != nil {
		panic(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return res
}

func post(url, body string) int {
	res, err := http.Post(url, "application/octet-stream", strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	res.Body.Close()
	return res.StatusCode
}
