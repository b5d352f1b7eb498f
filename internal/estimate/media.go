package estimate

import "bytes"

// image measures the value of image_url: an object with a url, or just the url.
// Clients that write all fields of a part send null for those it does not have.
func (m *meter) image() {
	var url, detail []byte
	if m.peek() == '{' {
		url, detail = m.find("url", "detail")
	} else {
		url = m.str()
	}
	if len(url) == 0 {
		return
	}
	p := Picture{}
	if data, ok := embedded(url); ok {
		h := header{text: data}
		h.fill()
		p = pictureOf(&h)
	}
	p.Low = string(detail) == "low"
	m.size.Fixed += m.formula.image(p)
}

// file measures the value of file: an object with file_data or file_id. What
// the file is shows in its first bytes; the media type that clients name is
// often wrong or missing.
func (m *meter) file() {
	url, id := m.find("file_data", "file_id")
	if len(url) == 0 {
		if len(id) > 0 {
			m.size.Fixed += unknownPages * m.formula.Page
		}
		return
	}
	data, ok := embedded(url)
	if !ok {
		data = url // OpenAI takes bare base64 as well
	}
	m.base64(data)
}

// source measures what an image or document of the Messages API is made of. A URL
// does not say which of the two it leads to, so its ending has to.
func (m *meter) source() {
	if m.peek() != '{' {
		m.value() // of a search result it is the address
		return
	}
	var kind, data, url, id []byte
	for m.more('}') {
		switch string(m.name()) {
		case "type":
			kind = m.str()
		case "data":
			data = m.str()
		case "url":
			url = m.str()
		case "file_id":
			id = m.str()
		case "content":
			m.value()
		default:
			m.skip()
		}
	}
	switch {
	case len(data) > 0 && string(kind) == "text":
		m.text(data)
	case len(data) > 0:
		m.base64(data)
	case len(id) > 0 || bytes.HasSuffix(url, []byte(".pdf")):
		m.size.Fixed += unknownPages * m.formula.Page
	case len(url) > 0:
		m.size.Fixed += m.formula.image(Picture{})
	}
}

// base64 measures a file by what it holds.
func (m *meter) base64(data []byte) {
	h := header{text: data}
	h.fill()
	if bytes.HasPrefix(h.have(), []byte("%PDF-")) {
		m.size.Fixed += pages(&h, data) * m.formula.Page
	} else if p := pictureOf(&h); p.known() {
		m.size.Fixed += m.formula.image(p)
	} else {
		m.size.Text += int64(decodedLen(data))
	}
}

// audioBytesPerToken takes sound for MP3 of 128 kbit/s, at ten tokens a second.
// (OpenAI docs, guides/audio: a token for each 100 ms of what the user says.)
const audioBytesPerToken = 128_000 / 8 / 10

func (m *meter) audio() {
	data, _ := m.find("data", "")
	m.size.Fixed += int64(decodedLen(data) / audioBytesPerToken)
}

// find returns two string members of the object that comes next, nil for what is
// missing, and moves behind the object.
func (m *meter) find(first, second string) (a, b []byte) {
	if m.peek() != '{' {
		m.skip()
		return nil, nil
	}
	for m.more('}') {
		switch string(m.name()) {
		case first:
			a = m.str()
		case second:
			b = m.str()
		default:
			m.skip()
		}
	}
	return a, b
}

// embedded returns the data of a data: URL in base64.
func embedded(url []byte) (data []byte, ok bool) {
	const scheme, encoding, most = "data:", ";base64", 256
	comma := bytes.IndexByte(url[:min(len(url), most)], ',')
	if comma < len(scheme)+len(encoding) ||
		!bytes.EqualFold(url[:len(scheme)], []byte(scheme)) ||
		!bytes.EqualFold(url[comma-len(encoding):comma], []byte(encoding)) {
		return nil, false
	}
	return url[comma+1:], true
}

// decodedLen is how many bytes so much base64 stands for, within a few bytes:
// padding and the escapes of some JSON writers count as data.
func decodedLen(base64 []byte) int { return len(base64) / 4 * 3 }
