// biome-ignore-all format: the customer's code stands here as the customer wrote it
// biome-ignore-all lint: the customer's code names more than it uses

/**
 * Every JavaScript block of `kixx-datastore-module.md`, in its order and as it is written there, and what it promises.
 *
 * Each test is named by the section that the block stands in. Only the import lines differ.
 */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { afterwards, documentFiles, openStore, readJson, temporaryDirectory } = require('../support.js');
const { ISO_DATE, documentKeys, openDirectory, recorder, relocated } = require('./context.js');

/** Counts up instead of telling the time, so that no two keys made of it are the same. */
function countInsteadOfTime(t, from) {
    let now = from;
    t.mock.method(Date, 'now', () => now++);
}

// Basic Usage: Initialization
test('Initialization: load reads all documents from disk', async (t) => {
    const folder = temporaryDirectory(t);
    fs.mkdirSync(path.join(folder, 'path/to/data'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'path/to/data', 'user%3A1.json'), '{"name":"by hand","_rev":4}');

    const { Datastore } = relocated(folder, await import('kixx-datastore'));

    // Create a new datastore instance
    const datastore = new Datastore({
        directory: '/path/to/data'
    });

    // Load all documents from disk into memory
    await datastore.load();

    afterwards(t, () => datastore.close());
    assert.equal(datastore.loadReport.documents, 1);
    assert.deepEqual(await datastore.getItem('user:1'), { _rev: 4, name: 'by hand' });
});

// Basic Usage: Basic Operations
test('Basic Operations: a document is stored, read, updated and deleted', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    const console = recorder();

    // Store a document
    const user = {
        name: 'John Doe',
        email: 'john@example.com',
        createdAt: new Date().toISOString()
    };

    const savedUser = await datastore.setItem('user:123', user);
    console.log(savedUser._rev); // 0 (first revision)

    // Retrieve a document
    const retrievedUser = await datastore.getItem('user:123');
    console.log(retrievedUser.name); // 'John Doe'

    // Update a document
    const updatedUser = await datastore.updateItem('user:123', (currentUser) => {
        return {
            ...currentUser,
            lastLogin: new Date().toISOString()
        };
    });
    console.log(updatedUser._rev); // 1 (incremented revision)

    // Delete a document
    await datastore.deleteItem('user:123');

    assert.deepEqual(console.lines, [[0], ['John Doe'], [1]]);
    assert.deepEqual(savedUser, { _rev: 0, ...user });
    assert.deepEqual(retrievedUser, savedUser);
    assert.match(updatedUser.lastLogin, ISO_DATE);
    assert.deepEqual(updatedUser, { ...savedUser, _rev: 1, lastLogin: updatedUser.lastLogin });
    assert.equal(await datastore.getItem('user:123'), null);
    assert.deepEqual(documentFiles(directory), []);
});

// Document Structure
test('Document Structure: a document has a revision of its own beside its properties', async (t) => {
    const { directory, datastore } = await openDirectory(t);

    const document =
    {
        "_rev": 2,           // Revision number (auto-managed)
        "name": "John Doe",  // Your custom properties
        "email": "john@example.com",
        "createdAt": "2024-01-01T00:00:00.000Z"
    }

    const { _rev, ...properties } = document;
    assert.deepEqual(await datastore.setItem('user:123', properties), { ...properties, _rev: 0 });
    assert.deepEqual(await datastore.setItem('user:123', { ...properties, _rev: 0 }), { ...properties, _rev: 1 });
    assert.deepEqual(await datastore.setItem('user:123', { ...properties, _rev: 1 }), document);
    assert.deepEqual(await datastore.getItem('user:123'), document);
    assert.deepEqual(readJson(directory, 'user%3A123.json'), document);
});

// Document Structure: Revision Control
test('Revision Control: a write with an old revision is a conflict and one with the current is not', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    const console = recorder();
    await datastore.setItem('user:123', { name: 'John Doe' });

    // First, get a document
    const user1 = await datastore.getItem('user:123');

    // Simulate another process updating the same document
    await datastore.updateItem('user:123', (user) => {
        user.lastLogin = new Date().toISOString();
        return user;
    });

    // This will throw a ConflictError because the document has been modified
    try {
        await datastore.setItem('user:123', user1); // Uses old revision
    } catch (error) {
        console.log('Conflict detected:', error.message);
    }

    // To update safely, use the current version
    const currentUser = await datastore.getItem('user:123');
    currentUser.name = 'Jane Doe';
    await datastore.setItem('user:123', currentUser); // Uses current revision

    assert.deepEqual(user1, { _rev: 0, name: 'John Doe' });
    assert.equal(console.lines.length, 1);
    assert.equal(console.lines[0][0], 'Conflict detected:');
    assert.equal(typeof console.lines[0][1], 'string');
    const found = await datastore.getItem('user:123');
    assert.match(found.lastLogin, ISO_DATE);
    assert.deepEqual(found, { _rev: 2, name: 'Jane Doe', lastLogin: found.lastLogin });
    assert.deepEqual(readJson(directory, 'user%3A123.json'), found);
    await assert.rejects(datastore.setItem('user:123', user1), {
        name: 'ConflictError',
        code: 'CONFLICT',
        key: 'user:123',
        expectedRev: 0,
        actualRev: 2,
    });
});

// Querying: Key Range Queries
test('Key Range Queries: a range is read page by page and from its end', async (t) => {
    const { datastore } = await openDirectory(t);
    const console = recorder();
    const users = Array.from({ length: 12 }, (_, index) => `user:${String(index).padStart(2, '0')}`);
    const others = ['user', 'user;', 'usez:1', 'post:1', 'zebra'];
    await Promise.all([...users, ...others].map((key) => datastore.setItem(key, { name: key })));

    // Query all users
    const result = await datastore.queryKeys({
        startKey: 'user:',
        endKey: 'user:\uffff',
        limit: 10,
        includeDocuments: true
    });

    console.log(`Found ${result.items.length} users`);
    console.log(`Next page starts at index: ${result.exclusiveEndIndex}`);

    // Query with pagination
    const page2 = await datastore.queryKeys({
        startKey: 'user:',
        endKey: 'user:\uffff',
        inclusiveStartIndex: result.exclusiveEndIndex,
        limit: 10,
        includeDocuments: true
    });

    // Query in descending order
    const recentUsers = await datastore.queryKeys({
        startKey: 'user:',
        endKey: 'user:\uffff',
        descending: true,
        limit: 5,
        includeDocuments: true
    });

    const item = (key) => ({ key, documentKey: key, document: { _rev: 0, name: key } });
    assert.deepEqual(console.lines, [['Found 10 users'], ['Next page starts at index: 10']]);
    assert.deepEqual(result, { items: users.slice(0, 10).map(item), exclusiveEndIndex: 10, cursor: result.cursor, total: 12 });
    assert.deepEqual(page2, { items: users.slice(10).map(item), exclusiveEndIndex: null, cursor: null, total: 12 });
    const lastFive = users.slice(-5).reverse().map(item);
    assert.deepEqual(recentUsers, { items: lastFive, exclusiveEndIndex: 5, cursor: recentUsers.cursor, total: 12 });
});

// Querying: View-Based Queries, Complex View Examples
test('View-Based Queries: views select, order and compute', async (t) => {
    const { datastore } = await openDirectory(t);
    const console = recorder();
    const user = (id, email, status, createdAt) => ({ id, name: `Name ${id}`, email, status, createdAt });
    const users = [
        user('user:1', 'c@example.com', 'active', '2024-01-01T00:00:00.000Z'),
        user('user:2', 'b@example.com', 'inactive', '2024-01-31T23:59:59.999Z'),
        { ...user('user:3', 'a@example.com', 'active', '2024-02-01T00:00:00.000Z'), lastLogin: '2024-03-01' },
        user('user:4', 'd@example.com', 'inactive', '2023-12-31T23:59:59.999Z'),
    ];
    await Promise.all(users.map((document) => datastore.setItem(document.id, document)));
    const [first, second, third] = users.map((document) => ({ _rev: 0, ...document }));

    const { DatastoreEngine } = relocated(temporaryDirectory(t), await import('kixx-datastore'));

    // Create a view for active users
    const activeUsersView = {
        map: function(document, emit) {
            if (document.status === 'active') {
                emit(document.email, {
                    name: document.name,
                    lastLogin: document.lastLogin
                });
            }
        }
    };

    // Register the view with the engine
    const engine = datastore._db; // Access the underlying engine
    engine.setView('activeUsers', activeUsersView);

    // Query the view
    const activeUsers = await datastore.queryView('activeUsers', {
        limit: 20,
        includeDocuments: true
    });

    console.log('Active users:', activeUsers.items);

    assert.ok(engine instanceof Object.getPrototypeOf(DatastoreEngine));
    assert.equal(engine.hasView('activeUsers'), true);
    assert.deepEqual(activeUsers, {
        items: [
            {
                key: 'a@example.com',
                documentKey: 'user:3',
                value: { name: 'Name user:3', lastLogin: '2024-03-01' },
                document: third,
            },
            { key: 'c@example.com', documentKey: 'user:1', value: { name: 'Name user:1' }, document: first },
        ],
        exclusiveEndIndex: null, cursor: null,
        total: 2,
    });
    assert.deepEqual(console.lines, [['Active users:', activeUsers.items]]);

    // Querying: Complex View Examples
    // View for users by registration date
    const usersByDateView = {
        map: function(document, emit) {
            const date = document.createdAt.split('T')[0]; // YYYY-MM-DD
            emit(date, {
                id: document.id,
                name: document.name,
                email: document.email
            });
        }
    };

    // View for user statistics
    const userStatsView = {
        map: function(document, emit) {
            const month = document.createdAt.substring(0, 7); // YYYY-MM
            emit(month, 1); // Count users per month
        }
    };

    // Register views
    engine.setView('usersByDate', usersByDateView);
    engine.setView('userStats', userStatsView);

    // Query users registered in January 2024
    const janUsers = await datastore.queryView('usersByDate', {
        startKey: '2024-01',
        endKey: '2024-01\uffff',
        includeDocuments: true
    });

    const row = (key, document) => {
        const { id, name, email } = document;
        return { key, documentKey: id, value: { id, name, email }, document };
    };
    assert.deepEqual(janUsers, {
        items: [row('2024-01-01', first), row('2024-01-31', second)],
        exclusiveEndIndex: null, cursor: null,
        total: 2,
    });
    const stats = await datastore.queryView('userStats');
    assert.deepEqual(
        stats.items.map(({ key, value }) => [key, value]),
        [
            ['2023-12', 1],
            ['2024-01', 1],
            ['2024-01', 1],
            ['2024-02', 1],
        ],
    );
});

// Configuration Options: Datastore Options
test('Datastore Options: an engine and a locking queue of the own are used', async (t) => {
    const folder = temporaryDirectory(t);
    const { Datastore, DatastoreEngine } = relocated(folder, await import('kixx-datastore'));
    const customEngine = new DatastoreEngine({ directory: '/path/to/data' });
    const calls = [];
    const customLockingQueue = {
        async getLock(key) {
            calls.push(['getLock', key]);
        },
        releaseLock(key) {
            calls.push(['releaseLock', key]);
        },
    };

    const datastore = new Datastore({
        directory: '/path/to/data',        // Required: Data storage directory
        db: customEngine,                  // Optional: Custom engine instance
        lockingQueue: customLockingQueue   // Optional: Custom locking queue
    });

    afterwards(t, () => datastore.close());
    assert.equal(datastore._db, customEngine);
    await datastore.load();
    await datastore.setItem('user:123', { name: 'John Doe' });
    await datastore.updateItem('user:123', (user) => user);
    await datastore.deleteItem('user:123', { rev: 1 });
    await assert.rejects(datastore.deleteItem('user:123', { rev: 1 }), { code: 'CONFLICT' });
    const locked = [['getLock', 'user:123'], ['releaseLock', 'user:123']];
    assert.deepEqual(calls, [...locked, ...locked, ...locked, ...locked]);
    await datastore.setItem('settings', { theme: 'dark' });
    assert.deepEqual(customEngine.getItem('settings').document, { _rev: 0, theme: 'dark' });
    assert.deepEqual(documentFiles(path.join(folder, 'path/to/data')), ['settings.json']);

    const plain = new Datastore({ directory: '/path/to/other' });
    afterwards(t, () => plain.close());
    await plain.setItem('settings', {});
    assert.deepEqual(documentFiles(path.join(folder, 'path/to/other')), ['settings.json']);
});

// Configuration Options: Query Options
test('Query Options: a key overrides the range', async (t) => {
    const { datastore } = await openDirectory(t);
    for (const key of ['user:122', 'user:123', 'user:124']) {
        await datastore.setItem(key, {});
    }
    datastore.setView('byRevision', { map: (document, emit) => emit(`user:${document._rev + 123}`) });

    const options = {
        startKey: 'user:',                 // Start of key range
        endKey: 'user:\uffff',            // End of key range
        key: 'user:123',                   // Specific key (overrides range)
        descending: false,                 // Sort order (default: ascending)
        inclusiveStartIndex: 0,           // Pagination start index
        limit: 10,                        // Maximum results (default: 10)
        includeDocuments: false           // Include full documents in results
    };

    const item = { key: 'user:123', documentKey: 'user:123' };
    assert.deepEqual(await datastore.queryKeys(options), { items: [item], exclusiveEndIndex: null, cursor: null, total: 1 });
    assert.equal((await datastore.queryKeys({ ...options, key: undefined })).total, 3);
    assert.equal((await datastore.queryView('byRevision', options)).total, 3);
    assert.equal((await datastore.queryView('byRevision', { ...options, key: 'user:124' })).total, 0);
    assert.deepEqual(
        await datastore.queryKeys({ ...options, key: undefined }),
        await datastore.queryKeys({ startKey: options.startKey, endKey: options.endKey }),
        'the other options are the defaults',
    );
});

// Advanced Usage: Custom Engine Integration
test('Custom Engine Integration: a file system of the own is read and written', async (t) => {
    const folder = temporaryDirectory(t);
    const directory = path.join(folder, '/custom/data/path');
    const files = new Map([[path.join(directory, 'user%3A1.json'), { name: 'was there', _rev: 3 }]]);
    const customFileSystem = {
        readDocumentDirectory: async () => [...files.keys()].map((file) => path.basename(file)),
        readDocumentFile: async (file) => files.get(file),
        writeDocumentFile: async (file, document) => void files.set(file, structuredClone(document)),
        removeDocumentFile: async (file) => void files.delete(file),
    };

    const { Datastore, DatastoreEngine } = relocated(folder, await import('kixx-datastore'));
    const { engine, datastore } = (() => {
        // Create a custom engine with specific configuration
        const engine = new DatastoreEngine({
            directory: '/custom/data/path',
            fileSystem: customFileSystem // Optional custom file system
        });

        // Create datastore with custom engine
        const datastore = new Datastore({
            db: engine
        });

        return { engine, datastore };
    })();

    afterwards(t, () => datastore.close());
    await datastore.load();
    assert.equal(datastore._db, engine);
    assert.deepEqual(await datastore.getItem('user:1'), { _rev: 3, name: 'was there' });
    await datastore.setItem('user:2', { name: 'new' });
    await datastore.updateItem('user:1', (user) => ({ ...user, name: 'changed' }));
    assert.deepEqual(Object.fromEntries(files), {
        [path.join(directory, 'user%3A1.json')]: { _rev: 4, name: 'changed' },
        [path.join(directory, 'user%3A2.json')]: { _rev: 0, name: 'new' },
    });
    await datastore.deleteItem('user:1');
    assert.deepEqual([...files.keys()], [path.join(directory, 'user%3A2.json')]);
    assert.deepEqual(documentKeys(await datastore.queryKeys()), ['user:2']);
    assert.equal(fs.existsSync(directory), false);
});

// Advanced Usage: Batch Operations
test('Batch Operations: what is missing is passed over', async (t) => {
    const { datastore } = await openDirectory(t);
    for (const id of ['user:1', 'user:3']) {
        await datastore.setItem(id, { id });
    }
    {
        // Load multiple documents efficiently
        const userIds = ['user:1', 'user:2', 'user:3'];
        const users = [];

        for (const id of userIds) {
            const user = await datastore.getItem(id);
            if (user) {
                users.push(user);
            }
        }

        // Update multiple documents
        for (const user of users) {
            await datastore.updateItem(user.id, (currentUser) => {
                return {
                    ...currentUser,
                    lastSync: new Date().toISOString()
                };
            });
        }

        assert.deepEqual(users, [{ _rev: 0, id: 'user:1' }, { _rev: 0, id: 'user:3' }]);
    }
    const { items } = await datastore.queryKeys({ includeDocuments: true });
    assert.equal(items.length, 2);
    for (const { key, document } of items) {
        assert.match(document.lastSync, ISO_DATE);
        assert.deepEqual(document, { _rev: 1, id: key, lastSync: document.lastSync });
    }
});

// Advanced Usage: Error Handling
test('Error Handling: codes tell conflicts, bad documents and other errors', async (t) => {
    const { datastore } = await openDirectory(t);

    async function store(userData) {
        const console = recorder();

        try {
            await datastore.setItem('user:123', userData);
        } catch (error) {
            if (error.code === 'CONFLICT') {
                // Handle revision conflict
                console.log('Document was modified by another process');
            } else if (error.code === 'ASSERTION') {
                // Handle validation errors
                console.log('Invalid document format');
            } else {
                // Handle other errors
                console.error('Unexpected error:', error);
            }
        }

        return console;
    }

    assert.deepEqual((await store({ name: 'John Doe' })).lines, []);
    assert.deepEqual((await store({ _rev: 7 })).lines, [['Document was modified by another process']]);
    assert.deepEqual((await store(['no', 'object'])).lines, [['Invalid document format']]);
    assert.deepEqual((await store({ _rev: 'one' })).lines, [['Invalid document format']]);
    assert.deepEqual(await datastore.getItem('user:123'), { _rev: 0, name: 'John Doe' });
    await datastore.close();
    const { lines, errors } = await store({});
    assert.deepEqual(lines, []);
    assert.equal(errors.length, 1);
    assert.equal(errors[0][0], 'Unexpected error:');
    assert.equal(errors[0][1].code, 'CLOSED');
});

// File Storage Format
test('File Storage Format: one readable file a document, named by its key', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    for (const key of ['user:123', 'user:456', 'post:789', 'settings']) {
        await datastore.setItem(key, {});
    }
    assert.deepEqual(documentFiles(directory), [
        'post%3A789.json',
        'settings.json',
        'user%3A123.json',
        'user%3A456.json',
    ]);
    await datastore.setItem('user:123', {});
    await datastore.setItem('user:123', {
        name: 'John Doe',
        email: 'john@example.com',
        createdAt: '2024-01-01T00:00:00.000Z',
        lastLogin: '2024-01-15T10:30:00.000Z',
    });
    const expected = `{
    "_rev": 2,
    "name": "John Doe",
    "email": "john@example.com",
    "createdAt": "2024-01-01T00:00:00.000Z",
    "lastLogin": "2024-01-15T10:30:00.000Z"
}
`;
    assert.equal(fs.readFileSync(path.join(directory, 'user%3A123.json'), 'utf8'), expected);
});

// Real-World Examples: User Management System
// User service using datastore
class UserService {
    constructor(datastore) {
        this.datastore = datastore;
    }

    async createUser(userData) {
        const userId = `user:${Date.now()}`;
        const user = {
            ...userData,
            id: userId,
            createdAt: new Date().toISOString(),
            status: 'active'
        };

        return await this.datastore.setItem(userId, user);
    }

    async getUser(userId) {
        return await this.datastore.getItem(userId);
    }

    async updateUser(userId, updates) {
        return await this.datastore.updateItem(userId, (currentUser) => {
            return {
                ...currentUser,
                ...updates,
                updatedAt: new Date().toISOString()
            };
        });
    }

    async deleteUser(userId) {
        return await this.datastore.deleteItem(userId);
    }

    async getActiveUsers(limit = 20) {
        return await this.datastore.queryView('activeUsers', {
            limit,
            includeDocuments: true
        });
    }
}

test('User Management System: users are created, read, updated, listed and deleted', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    countInsteadOfTime(t, 100);
    datastore.setView('activeUsers', {
        map: (document, emit) => document.status === 'active' && emit(document.name),
    });
    const service = new UserService(datastore);
    const john = await service.createUser({ name: 'John' });
    assert.match(john.createdAt, ISO_DATE);
    const { createdAt } = john;
    assert.deepEqual(john, { _rev: 0, name: 'John', id: 'user:100', createdAt, status: 'active' });
    assert.deepEqual(await service.getUser('user:100'), john);
    const anna = await service.createUser({ name: 'Anna' });
    assert.equal(anna.id, 'user:101');
    assert.deepEqual(documentFiles(directory), ['user%3A100.json', 'user%3A101.json']);

    assert.deepEqual(await service.getActiveUsers(), {
        items: [
            { key: 'Anna', documentKey: 'user:101', document: anna },
            { key: 'John', documentKey: 'user:100', document: john },
        ],
        exclusiveEndIndex: null, cursor: null,
        total: 2,
    });
    assert.deepEqual(documentKeys(await service.getActiveUsers(1)), ['user:101']);

    const updated = await service.updateUser('user:100', { status: 'inactive', name: 'Johnny' });
    assert.match(updated.updatedAt, ISO_DATE);
    assert.deepEqual(updated, { ...john, _rev: 1, status: 'inactive', name: 'Johnny', updatedAt: updated.updatedAt });
    assert.deepEqual(readJson(directory, 'user%3A100.json'), updated);
    assert.deepEqual(documentKeys(await service.getActiveUsers()), ['user:101']);

    assert.equal(await service.deleteUser('user:101'), 'user:101');
    assert.equal(await service.getUser('user:101'), null);
    assert.equal((await service.getActiveUsers()).total, 0);
    assert.deepEqual(documentFiles(directory), ['user%3A100.json']);
});

// Real-World Examples: Blog Post System
// Blog service with tagging
class BlogService {
    constructor(datastore) {
        this.datastore = datastore;
        this.setupViews();
    }

    setupViews() {
        const engine = this.datastore._db;

        // View for posts by tag
        engine.setView('postsByTag', {
            map: function(document, emit) {
                if (document.tags) {
                    document.tags.forEach(tag => {
                        emit(tag, {
                            id: document.id,
                            title: document.title,
                            author: document.author
                        });
                    });
                }
            }
        });

        // View for posts by author
        engine.setView('postsByAuthor', {
            map: function(document, emit) {
                emit(document.author, {
                    id: document.id,
                    title: document.title,
                    publishedAt: document.publishedAt
                });
            }
        });
    }

    async createPost(postData) {
        const postId = `post:${Date.now()}`;
        const post = {
            ...postData,
            id: postId,
            createdAt: new Date().toISOString(),
            publishedAt: postData.published ? new Date().toISOString() : null
        };

        return await this.datastore.setItem(postId, post);
    }

    async getPostsByTag(tag, limit = 10) {
        return await this.datastore.queryView('postsByTag', {
            key: tag,
            limit,
            includeDocuments: true
        });
    }

    async getPostsByAuthor(author, limit = 10) {
        return await this.datastore.queryView('postsByAuthor', {
            key: author,
            limit,
            includeDocuments: true
        });
    }
}

test('Blog Post System: posts are found by tag and by author', async (t) => {
    const { datastore } = await openDirectory(t);
    countInsteadOfTime(t, 1);
    await datastore.setItem('settings', { title: 'no post' });
    const blog = new BlogService(datastore);
    const first = await blog.createPost({ title: 'A', author: 'user:1', tags: ['js', 'rust'], published: true });
    assert.match(first.createdAt, ISO_DATE);
    assert.match(first.publishedAt, ISO_DATE);
    const { createdAt, publishedAt } = first;
    assert.deepEqual(first, {
        _rev: 0,
        title: 'A',
        author: 'user:1',
        tags: ['js', 'rust'],
        published: true,
        id: 'post:1',
        createdAt,
        publishedAt,
    });
    const second = await blog.createPost({ title: 'B', author: 'user:2', tags: ['js'] });
    assert.equal(second.publishedAt, null);
    const third = await blog.createPost({ title: 'C', author: 'user:1' });

    const tagged = (key, document) => {
        const { id, title, author } = document;
        return { key, documentKey: id, value: { id, title, author }, document };
    };
    assert.deepEqual(await blog.getPostsByTag('js'), {
        items: [tagged('js', first), tagged('js', second)],
        exclusiveEndIndex: null, cursor: null,
        total: 2,
    });
    const firstOfTwo = await blog.getPostsByTag('js', 1);
    assert.deepEqual(firstOfTwo, {
        items: [tagged('js', first)],
        exclusiveEndIndex: 1,
        cursor: firstOfTwo.cursor,
        total: 2,
    });
    assert.deepEqual((await blog.getPostsByTag('rust')).items, [tagged('rust', first)]);
    assert.deepEqual(await blog.getPostsByTag('j'), { items: [], exclusiveEndIndex: null, cursor: null, total: 0 });

    const authored = (document) => {
        const { id, title, author, publishedAt } = document;
        return { key: author, documentKey: id, value: { id, title, publishedAt }, document };
    };
    assert.deepEqual((await blog.getPostsByAuthor('user:1')).items, [authored(first), authored(third)]);
    assert.deepEqual((await blog.getPostsByAuthor('user:2')).items, [authored(second)]);

    await datastore.updateItem('post:1', (post) => ({ ...post, tags: ['rust'], author: 'user:2' }));
    await datastore.deleteItem('post:3');
    assert.deepEqual(documentKeys(await blog.getPostsByTag('js')), ['post:2']);
    assert.deepEqual(documentKeys(await blog.getPostsByAuthor('user:1')), []);
    assert.deepEqual(documentKeys(await blog.getPostsByAuthor('user:2')), ['post:1', 'post:2']);
    assert.equal((await datastore.queryView('postsByAuthor', { key: null })).items[0].documentKey, 'settings');
});
