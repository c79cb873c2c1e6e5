"""Serving over TLS: trusted with the right certificate, refused without."""

import subprocess
import unittest

from harness import CliTest


class TlsTest(CliTest):
    def test_https_works_with_the_certificate_and_fails_without(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem", "-out",
                        "cert.pem", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=IP:127.0.0.1"], cwd=self.dir, check=True,
                       capture_output=True)
        self.ok("init", self.repo)
        self.env["SYNCENGINE_TOKEN"] = self.token("laptop")
        _, url = self.serve("--tls-cert", "cert.pem", "--tls-key", "key.pem")
        self.assertTrue(url.startswith("https://"))
        (self.dir / "f").write_text("over tls")
        self.ok("put", "f", "/", "--ca-file", "cert.pem", repo=url)
        self.assertEqual(self.call("cat", "/f", "--ca-file", "cert.pem", repo=url).out, b"over tls")
        self.assertNotEqual(self.call("cat", "/f", repo=url).code, 0)


if __name__ == "__main__":
    unittest.main()
