"""The faults of FirmwareManagement and of the security extension, and the checks that must notice them."""

from __future__ import annotations

from octt.simulator.faults.fault import Fault, extend, register, steps

_FAMILIES = {
    # firmware, diagnostics, logs
    "progress-missing": "progress-missing:Status never reports that status of an update or upload",
    "download-imagined": "goes on with an update although the download failed",
    "image-unchecked": "installs whatever it downloaded",
    "installs-forever": "does not get beyond Installing",
    "connectors-held": "makes its connectors Unavailable for an update and leaves them so when it fails",
    "unavailable-after-update": "makes its connectors Unavailable a moment after an update",
    "upload-imagined": "reports an upload that it does not make",
    "upload-empty": "uploads an empty file",
    "password-logged": "writes its password into the security log",
    "signature-unchecked": "installs firmware whatever its signature",
    "signing-certificate-unchecked": "takes any firmware signing certificate",
    # certificates
    "any-root-accepted": "answers Accepted to every InstallCertificate, without an event",
    "root-forgotten": "accepts a root certificate and does not install it",
    "deletion-forgotten": "accepts to delete a root certificate and keeps it",
    "hash-of-whole-key": "works issuerKeyHash out over the whole SubjectPublicKeyInfo",
    "serial-number-decimal": "writes serialNumber in decimal digits",
    "any-certificate-accepted": "takes every certificate of CertificateSigned for its own, without an event",
    "old-certificate-kept": "accepts a new certificate and goes on with the old one",
    "csr-common-name": "csr-common-name=NAME requests a certificate with that commonName",
    "csr-organization": "csr-organization=NAME requests a certificate with that organizationName",
    "csr-key-weak": "requests a certificate for an RSA key of 1024 bits",
    "csr-signature-wrong": "signs its request wrongly",
    "event-missing": "event-missing:Type never reports that security event",
    "event-lost-offline": "does not keep security events while offline",
    # the connection
    "basic-auth-missing": "sends no basic authentication",
    "basic-auth-user": "basic-auth-user=NAME authenticates as somebody else",
    "basic-auth-key": "basic-auth-key=HEX authenticates with that password",
    "any-key-value": "takes any text as AuthorizationKey",
    "any-server-trusted": "does not verify the certificate of the Central System",
    "host-name-ignored": "takes a certificate for another host",
    "tls-version": "tls-version=1.1 (or 1.0) speaks no newer TLS",
    "old-tls-accepted": "still takes TLS 1.0 and 1.1",
    "proper-first": "connects properly until a connection has worked; then the other faults of connecting begin",
    "cipher-suites": "cipher-suites=NAME,NAME offers only these",
    "client-certificate": "client-certificate=WHAT presents one it made itself: weak-rsa, other-name, no-name, "
    "self-signed",
    "client-certificate-withheld": "presents no certificate in security profile 3",
    "profile-lowered": "lets the Central System lower the security profile",
    "profile-kept": "accepts a new security profile and reconnects with the old one",
}

_UPDATES = [
    *(
        Fault(f"progress-missing:{status}", f"does not report {status}", steps(*checks))
        for status, checks in {
            "Downloading": ("TC_044_1 3", "TC_044_3 3", "TC_080 3", "TC_081 3"),
            "Downloaded": ("TC_044_1 5", "TC_044_3 5", "TC_080 5", "TC_081 5"),
            "Installing": ("TC_044_1 7",),
            "Installed": ("TC_044_1 13", "TC_080 17"),
            "DownloadFailed": ("TC_044_2 5",),
            "InstallationFailed": ("TC_044_3 11",),
            "SignatureVerified": ("TC_080 7",),
            "InvalidSignature": ("TC_081 7",),
            "Uploading": ("TC_045_1 3", "TC_045_2 3", "TC_079 3"),
            "Uploaded": ("TC_045_1 5", "TC_079 5"),
            "UploadFailed": ("TC_045_2 5",),
        }.items()
    ),
    Fault("download-imagined", "goes on after a failed download", steps("TC_044_2 5")),
    Fault("image-unchecked", "installs a broken image", steps("TC_044_3 11")),
    Fault("installs-forever", "never ends the installation", steps("TC_044_1 13", "TC_080 17")),
    Fault(
        "connectors-held", "stays Unavailable after a failed update", steps("TC_044_2 result", "TC_044_3 13")
    ),
    Fault(
        "unavailable-after-update",
        "is out of service after an update",
        steps("TC_044_1 result", "TC_080 result"),
    ),
    Fault(
        "set:FirmwareStatusNotification[status=Downloading].status=Installing",
        "reports Installing while it downloads",
        steps("TC_044_1 3", "TC_044_2 3", "TC_044_3 3"),
    ),
    Fault(
        "set:FirmwareStatusNotification[status=Installing].status=Installed",
        "reports Installed before it installs",
        steps("TC_044_1 7", "TC_044_3 7"),
    ),
    Fault("upload-imagined", "uploads nothing", steps("TC_045_1 result", "TC_045_2 5", "TC_079 result")),
    Fault("password-logged", "tells its password in the security log", steps("TC_079 result")),
    Fault("upload-empty", "uploads an empty file", steps("TC_045_1 result", "TC_079 result")),
    Fault("hang-after:GetDiagnostics=5", "is dead after GetDiagnostics", steps("TC_045_2 result")),
    Fault("reply:GetLog=Rejected", "rejects GetLog", steps("TC_079 2")),
    Fault("reply:SignedUpdateFirmware=Rejected", "rejects signed updates", steps("TC_080 2", "TC_081 2")),
    Fault("signature-unchecked", "installs firmware with a wrong signature", steps("TC_081 7")),
    Fault("signing-certificate-unchecked", "takes firmware signed by anybody", steps("TC_081 result")),
    Fault(
        "event-missing:InvalidFirmwareSignature",
        "tells nobody of a wrong firmware signature",
        steps("TC_081 result"),
    ),
    Fault(
        "event-missing:InvalidFirmwareSigningCertificate",
        "tells nobody of a wrong signing certificate",
        steps("TC_081 result"),
    ),
    Fault(
        "set:SignedFirmwareStatusNotification[status=Installing].status=InvalidSignature",
        "takes back that the signature is right",
        steps("TC_080 9"),
    ),
    Fault(
        "set:SecurityEventNotification[type=FirmwareUpdated].type=InvalidFirmwareSignature",
        "reports a right signature as wrong",
        steps("TC_080 13"),
    ),
]

_CERTIFICATES = [
    Fault(
        "reply:InstallCertificate=Rejected",
        "rejects root certificates",
        steps("TC_075_1 2", "TC_075_2 2"),
    ),
    Fault("any-root-accepted", "accepts a bad root certificate", steps("TC_078 2")),
    Fault("root-forgotten", "does not install what it accepted", steps("TC_075_1 4", "TC_075_2 4")),
    Fault(
        "reply:GetInstalledCertificateIds=NotFound",
        "says that it has no certificates",
        steps("TC_075_1 4", "TC_075_2 4"),
    ),
    Fault("hash-of-whole-key", "issuerKeyHash over too much", steps("TC_075_1 4", "TC_075_2 4")),
    Fault("serial-number-decimal", "serialNumber in decimal", steps("TC_075_1 4", "TC_075_2 4")),
    Fault("reply:DeleteCertificate=Failed", "does not delete certificates", steps("TC_076 4")),
    Fault("deletion-forgotten", "keeps what it was to delete", steps("TC_076 6")),
    Fault(
        "reply:ExtendedTriggerMessage=Rejected",
        "rejects extended triggers",
        steps("TC_074 2", "TC_077 2"),
    ),
    Fault("skip:SignCertificate", "requests no certificate", steps("TC_074 3", "TC_077 3")),
    Fault("reply:CertificateSigned=Rejected", "rejects its new certificate", steps("TC_074 6")),
    Fault("ignore:CertificateSigned", "does not reconnect with the new certificate", steps("TC_074 7")),
    Fault("old-certificate-kept", "reconnects with the old certificate", steps("TC_074 7")),
    Fault(
        "csr-common-name=SOMEBODY", "requests a certificate for somebody else", steps("TC_074 3", "TC_077 3")
    ),
    Fault("csr-organization=Somebody", "requests a certificate of another organization", steps("TC_074 3")),
    Fault("csr-key-weak", "requests a certificate for a key that is too small", steps("TC_074 3")),
    Fault("csr-signature-wrong", "sends a request that it did not sign", steps("TC_074 3")),
    Fault("any-certificate-accepted", "accepts a bad certificate", steps("TC_077 6")),
    Fault(
        "event-missing:InvalidChargePointCertificate",
        "tells nobody of a bad certificate",
        steps("TC_077 7"),
    ),
    Fault(
        "event-missing:InvalidCentralSystemCertificate",
        "tells nobody of a bad root certificate",
        steps("TC_078 3"),
    ),
    Fault("skip:SecurityEventNotification", "reports no event at all", steps("TC_077 7", "TC_078 3")),
    Fault("event-lost-offline", "forgets events while offline"),
]

_SUITE = "cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
_CONNECTION = [
    Fault("ignore:ChangeConfiguration", "does not reconnect after a change", steps("TC_073 3")),
    Fault("change-forgotten:AuthorizationKey", "reconnects with the old password", steps("TC_073 3")),
    Fault("any-key-value", "takes a password that is too short"),
    Fault("profile-lowered", "lowers its security profile", steps("TC_084 2")),
    Fault("reply:ChangeConfiguration=Accepted", "claims to lower its profile", steps("TC_084 2")),
    Fault("profile-kept", "stays with the old security profile", steps("TC_083 result")),
    Fault("basic-auth-missing", "sends no password", steps("TC_085 1", "TC_086 5")),
    Fault("basic-auth-user=SOMEBODY", "authenticates as somebody else", steps("TC_085 1", "TC_086 5")),
    Fault("basic-auth-key=00112233", "its password is too short", steps("TC_085 1", "TC_086 5")),
    Fault(f"basic-auth-key={'5A' * 24}", "its password is too long", steps("TC_085 1", "TC_086 5")),
    Fault("tls-version=1.1", "speaks no TLS 1.2", steps("TC_086 2", "TC_087 4")),
    Fault("old-tls-accepted", "still takes TLS 1.1", steps("TC_086 2")),
    Fault(_SUITE, "offers none of the mandatory cipher suites", steps("TC_086 2", "TC_087 4")),
    Fault("client-certificate-withheld", "shows no certificate", steps("TC_087 4")),
    Fault("client-certificate=weak-rsa", "its RSA key has 1024 bits", steps("TC_087 4")),
    Fault("client-certificate=no-name", "its certificate has no commonName", steps("TC_087 4")),
    Fault("client-certificate=other-name", "its certificate is for somebody else", steps("TC_087 4")),
    Fault("client-certificate=self-signed", "its certificate is signed by itself", steps("TC_087 4")),
    Fault("any-server-trusted", "trusts any Central System", steps("TC_086 2")),
    Fault("host-name-ignored", "takes another host for the Central System", steps("TC_086 2")),
]

register(_FAMILIES, [*_UPDATES, *_CERTIFICATES, *_CONNECTION])
extend(
    {
        "boot-status:2=Unavailable": steps("TC_044_1 11", "TC_080 15", "TC_083 7"),
        "reply:ChangeConfiguration=Rejected": steps("TC_073 2", "TC_083 2"),
        "reply:Reset=Rejected": steps("TC_083 4"),
    }
)
