// How a change note becomes a line of a CHANGELOG: the note as it was written, for users, without commit hashes; and one
// line, not one per package, for new versions of what a package depends on.

const getReleaseLine = ({ summary }) => `- ${summary.trim().replaceAll('\n', '\n  ')}`;

const getDependencyReleaseLine = (_notes, dependencies) =>
  dependencies.length === 0
    ? ''
    : `- Goes with ${dependencies.map(({ name, newVersion }) => `${name} ${newVersion}`).join(', ')}.`;

// changesets asks for a default export.
// oxlint-disable-next-line import/no-default-export -- the tool's contract
export default {
  getReleaseLine: async (note) => getReleaseLine(note),
  getDependencyReleaseLine: async (notes, dependencies) => getDependencyReleaseLine(notes, dependencies),
};
