/** Views as a module of a user's exports them. */

export default {
    byAge: { key: 'age', value: ['name'] },
    byName: {
        map(document, emit) {
            emit([document.name[0], document.name], document.age);
        },
        reduce: '_sum',
    },
    byEmail: { key: 'email', unique: true },
};
