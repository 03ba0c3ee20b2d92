/** What a person is to know in one line. */
export class Complaint extends Error {}
