/** Reports as mail servers write them, with our Message-ID in the mail that they return. */

const crlf = (text: string): string => text.replace(/\n/g, "\r\n")

export interface DsnParts {
  readonly to?: string
  readonly perRecipient?: string
  readonly returned?: string
}

const failed = `Final-Recipient: rfc822; bob@example.test
Original-Recipient: rfc822;bob@example.test
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.test
Diagnostic-Code: smtp; 550 5.1.1 <bob@example.test>: Recipient address
    rejected: User unknown in virtual mailbox table`

const returnedHeaders = `--B
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Received: from app (localhost [127.0.0.1])
From: Ann <ann@acme.test>
To: Bob <bob@example.test>
Subject: Hello
Message-ID: <exec-1@acme.test>`

/** As Postfix writes it. */
export const dsn = ({
  to = "ann@acme.test",
  perRecipient = failed,
  returned = returnedHeaders,
}: DsnParts = {}): string =>
  crlf(`Return-Path: <>
Date: Wed, 01 Apr 2026 12:00:05 +0000 (UTC)
From: MAILER-DAEMON@mx.acme.test (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: ${to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"
Message-ID: <20260401120005.ABC@mx.acme.test>

This is a MIME-encapsulated message.

--B
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.acme.test
X-Postfix-Queue-ID: ABC
Arrival-Date: Wed, 01 Apr 2026 12:00:00 +0000 (UTC)

${perRecipient}

${returned}

--B--
`)

export const arf = (type: string, recipient = "Original-Rcpt-To: <bob@example.test>\n"): string =>
  crlf(`From: <feedback@isp.test>
Date: Wed, 01 Apr 2026 13:00:00 +0000
To: <abuse@acme.test>
Subject: FW: Hello
Message-ID: <r-1@isp.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="B"

--B
Content-Type: text/plain

This is an email abuse report.

--B
Content-Type: message/feedback-report

Feedback-Type: ${type}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <ann@acme.test>
${recipient}Arrival-Date: Wed, 01 Apr 2026 12:30:00 +0000

--B
Content-Type: message/rfc822
Content-Disposition: inline

From: Ann <ann@acme.test>
To: Bob <bob@example.test>
Subject: Hello
Message-ID: <exec-1@acme.test>

Hi Bob
--B--
`)

/** A mail in answer to ours; `headers` are further ones. */
export const answer = (headers = "", subject = "Re: Hello"): string =>
  crlf(`From: Bob <bob@example.test>
To: Ann <ann@acme.test>
Date: Wed, 01 Apr 2026 14:00:00 +0000
Subject: ${subject}
Message-ID: <a-1@example.test>
In-Reply-To: <exec-1@acme.test>
${headers}
Yes, please!
`)
