'use strict';

/**
 * A blog: posts with tags and comments, their addresses unique, pages of the newest first, and what a tag or an author has.
 *
 *     node examples/blog.js [directory]
 */

const { randomUUID } = require('node:crypto');
const { Datastore } = require('..');

const POST = 'post:';
const COMMENT = 'comment:';

class Blog {
    #datastore;

    /** @param {Datastore} datastore */
    constructor(datastore) {
        this.#datastore = datastore;
    }

    static async open(directory) {
        const datastore = await new Datastore({ directory }).load();
        // Enforced for everybody who opens the directory: no two posts have one address.
        datastore.setView('bySlug', { where: { type: 'post' }, key: 'slug', unique: true });
        datastore.setView('newest', { where: { type: 'post' }, key: 'publishedAt', value: 'title' });
        datastore.setView('byAuthor', { where: { type: 'post' }, key: ['author', 'publishedAt'], value: 'title' });
        datastore.setView('tags', {
            map(document, emit) {
                for (const tag of document.type === 'post' ? document.tags : []) {
                    emit(tag, 1);
                }
            },
            reduce: '_count',
        });
        return new Blog(datastore);
    }

    async publish({ slug, title, author, tags = [] }, publishedAt = new Date()) {
        const key = POST + randomUUID();
        const post = { type: 'post', slug, title, author, tags, comments: 0, publishedAt: publishedAt.toISOString() };
        await this.#datastore.setItem(key, post);
        return key;
    }

    /** The comment and the post's count of them are stored together, or neither is. */
    async comment(post, author, text) {
        return this.#datastore.transaction(async (tx) => {
            const found = await tx.getItem(post, { required: true });
            const key = `${COMMENT}${post}:${String(found.comments).padStart(6, '0')}`;
            await tx.setItem(key, { type: 'comment', author, text });
            await tx.setItem(post, { ...found, comments: found.comments + 1 });
            return key;
        });
    }

    /** A post and its comments, by its address; `null` where there is none. */
    async read(slug) {
        const { items } = await this.#datastore.queryView('bySlug', { key: slug, includeDocuments: true });
        if (items.length === 0) {
            return null;
        }
        const [{ documentKey, document }] = items;
        const comments = await this.#datastore.queryKeys({
            prefix: `${COMMENT}${documentKey}:`,
            includeDocuments: true,
            limit: Infinity,
        });
        return { ...document, comments: comments.items.map(({ document: { author, text } }) => ({ author, text })) };
    }

    /** A page of titles, the newest first; `cursor` of one page leads to the next. */
    async page(cursor, limit = 10) {
        const page = await this.#datastore.queryView('newest', { descending: true, limit, cursor });
        return { titles: page.items.map(({ value }) => value), total: page.total, cursor: page.cursor };
    }

    /** How many posts each tag has. */
    async tags() {
        const { items } = await this.#datastore.queryView('tags', { group: true, limit: Infinity });
        return Object.fromEntries(items.map(({ key, value }) => [key, value]));
    }

    /** The titles of an author's posts, the oldest first. */
    async by(author) {
        const range = { startKey: [author], endKey: [author, {}] };
        const { items } = await this.#datastore.queryView('byAuthor', { ...range, limit: Infinity });
        return items.map(({ value }) => value);
    }

    close() {
        return this.#datastore.close();
    }
}

async function main(directory = './blog') {
    const blog = await Blog.open(directory);
    try {
        const slug = `hello-${Date.now()}`;
        const post = await blog.publish({ slug, title: 'Hello', author: 'ada', tags: ['news', 'node'] });
        await blog.comment(post, 'bob', 'Welcome!');
        console.log(await blog.read(slug));
        console.log(await blog.page(), await blog.tags());
    } finally {
        await blog.close();
    }
}

module.exports = { Blog };

if (require.main === module) {
    main(...process.argv.slice(2)).catch((error) => {
        console.error(`${error.name} ${error.code ?? ''}: ${error.message}`);
        process.exitCode = 1;
    });
}
