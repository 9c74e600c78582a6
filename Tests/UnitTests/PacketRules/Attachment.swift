import Attachments

/// The suite's, and not that of Swift Testing.
typealias Attachment = Attachments.Attachment
