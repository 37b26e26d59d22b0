// biome-ignore-all format: the customer's code stands here as the customer wrote it
// biome-ignore-all lint: the customer's code names more than it uses

/**
 * Every JavaScript block of `kixx-datastore-guide.md`, in its order and as it is written there, and what it promises.
 *
 * Each test is named by the section that the block stands in. A block that declares a name twice is cut in two.
 */

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { documentFiles, openStore, readJson, temporaryDirectory } = require('../support.js');
const { ISO_DATE, contested, contextOf, documentKeys, impatience, openDirectory, recorder } = require('./context.js');

/** Stores a document for each key and returns them in the order of the keys. */
async function storeAll(datastore, keys, members = {}) {
    await Promise.all(keys.map((key) => datastore.setItem(key, { id: key, ...members })));
    return [...keys].sort();
}

// Datastore Architecture: Core Components
test('Core Components: the service is the datastore', async (t) => {
    const { directory, datastore: service } = await openDirectory(t);
    const context = contextOf(service);

    const datastore = context.getService('kixx.Datastore');

    await datastore.setItem('settings', { theme: 'dark' });
    assert.deepEqual(readJson(directory, 'settings.json'), { _rev: 0, theme: 'dark' });
    assert.deepEqual(await datastore.getItem('settings'), { _rev: 0, theme: 'dark' });
    datastore.setView('themes', { map: (document, emit) => emit(document.theme) });
    assert.equal((await datastore.queryView('themes', { key: 'dark' })).total, 1);
    await assert.rejects(datastore.setItem('settings', { _rev: 1 }), { code: 'CONFLICT' });
});

// Basic Operations: Creating Documents
test('Creating Documents: a document is created under a key of the own or a random one', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    {
        // Create a new document
        const item = await datastore.setItem('item:123', {
            title: 'Sample Item',
            description: 'This is a sample item',
            price: 29.99,
            category: 'electronics',
            createdAt: new Date().toISOString(),
            updatedAt: new Date().toISOString()
        });

        assert.match(item.createdAt, ISO_DATE);
        const { createdAt, updatedAt } = item;
        assert.deepEqual(item, {
            _rev: 0,
            title: 'Sample Item',
            description: 'This is a sample item',
            price: 29.99,
            category: 'electronics',
            createdAt,
            updatedAt,
        });
        assert.deepEqual(readJson(directory, 'item%3A123.json'), item);
        assert.deepEqual(await datastore.getItem('item:123'), item);
    }
    const itemData = { title: 'Another' };
    {
        // Generate unique IDs
        const id = `item:${ randomUUID() }`;
        const item = await datastore.setItem(id, itemData);

        assert.deepEqual(item, { _rev: 0, title: 'Another' });
        assert.deepEqual(await datastore.getItem(id), item);
        assert.deepEqual(readJson(directory, `${encodeURIComponent(id)}.json`), item);
        assert.deepEqual(itemData, { title: 'Another' });
    }
    assert.equal(documentFiles(directory).length, 2);
});

// Basic Operations: Reading Documents
test('Reading Documents: one by key, many by range, and what is missing is null', async (t) => {
    const { datastore } = await openDirectory(t);

    async function read() {
        // Get a single document
        const item = await datastore.getItem('item:123');

        // Check if document exists
        try {
            const item = await datastore.getItem('item:123');
            // Document exists
        } catch (error) {
            if (error.name === 'NotFoundError') {
                // Document doesn't exist
            }
        }

        // Get multiple documents
        const result = await datastore.queryKeys({
            startKey: 'item:',
            endKey: 'item:\uffff',
            includeDocuments: true,
            limit: 10
        });

        return { item, result };
    }

    assert.deepEqual(await read(), { item: null, result: { items: [], exclusiveEndIndex: null, cursor: null, total: 0 } });
    await assert.rejects(datastore.getItem('item:123', { required: true }), { name: 'NotFoundError' });
    const keys = await storeAll(datastore, Array.from({ length: 11 }, (_, index) => `item:${index + 120}`));
    await storeAll(datastore, ['item', 'itemize', 'user:1']);
    const { item, result } = await read();
    assert.deepEqual(item, { _rev: 0, id: 'item:123' });
    assert.deepEqual(result, {
        items: keys.slice(0, 10).map((key) => ({ key, documentKey: key, document: { _rev: 0, id: key } })),
        exclusiveEndIndex: 10,
        cursor: result.cursor,
        total: 11,
    });
});

// Basic Operations: Updating Documents
test('Updating Documents: an update is made from the current document', async (t) => {
    const { directory, datastore } = await openDirectory(t);

    async function update() {
        // Update with optimistic concurrency control
        const updatedItem = await datastore.updateItem('item:123', (currentItem) => {
            if (!currentItem) {
                throw new Error('Item not found');
            }

            return {
                ...currentItem,
                title: 'Updated Title',
                updatedAt: new Date().toISOString()
            };
        });

        // Update with conflict handling
        try {
            const updatedItem = await datastore.updateItem('item:123', (currentItem) => {
                return { ...currentItem, price: 39.99 };
            });
        } catch (error) {
            if (error.name === 'ConflictError') {
                // Handle concurrent modification
                // Retry or show error to user
            }
        }

        return updatedItem;
    }

    await assert.rejects(update(), { message: 'Item not found' });
    assert.deepEqual(documentFiles(directory), []);
    await datastore.setItem('item:123', { title: 'Sample Item', price: 29.99 });
    const updated = await update();
    assert.match(updated.updatedAt, ISO_DATE);
    const { updatedAt } = updated;
    assert.deepEqual(updated, { _rev: 1, title: 'Updated Title', price: 29.99, updatedAt });
    const found = { _rev: 2, title: 'Updated Title', price: 39.99, updatedAt };
    assert.deepEqual(await datastore.getItem('item:123'), found);
    assert.deepEqual(readJson(directory, 'item%3A123.json'), found);
    await Promise.all([update(), update(), update()]);
    assert.equal((await datastore.getItem('item:123'))._rev, 8);
});

// Basic Operations: Deleting Documents
test('Deleting Documents: a document is removed, or marked', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    await datastore.setItem('item:123', { title: 'Sample Item' });
    await datastore.setItem('item:123', { title: 'Sample Item' });

    // Delete a document
    await datastore.deleteItem('item:123');

    // Soft delete (mark as deleted)
    await datastore.updateItem('item:123', (currentItem) => {
        return {
            ...currentItem,
            deletedAt: new Date().toISOString(),
            deleted: true
        };
    });

    const found = await datastore.getItem('item:123');
    assert.match(found.deletedAt, ISO_DATE);
    assert.deepEqual(found, { _rev: 0, deletedAt: found.deletedAt, deleted: true });
    assert.deepEqual(readJson(directory, 'item%3A123.json'), found);
    assert.equal(await datastore.deleteItem('item:123'), 'item:123');
    assert.equal(await datastore.getItem('item:123'), null);
    assert.deepEqual(documentFiles(directory), []);
});

// Querying Data: Key-Based Queries
test('Key-Based Queries: by prefix, by range, and by page from the end', async (t) => {
    const { datastore } = await openDirectory(t);
    const day = (number) => `2024-01-${String(number).padStart(2, '0')}`;
    const days = Array.from({ length: 31 }, (_, index) => `item:${day(index + 1)}`);
    const others = ['item:2023-12-31', 'item:2024-01-31:2', ...'abcdefghijklmnopqrstuvwxyz'].map((key) =>
        key.length === 1 ? `item:${key}` : key,
    );
    const keys = await storeAll(datastore, [...days, ...others]);
    await storeAll(datastore, ['item', 'user:1', 'item;']);
    const item = (key) => ({ key, documentKey: key, document: { _rev: 0, id: key } });
    assert.equal(keys.length, 59);
    {
        // Query by key prefix
        const result = await datastore.queryKeys({
            startKey: 'item:',
            endKey: 'item:\uffff',
            includeDocuments: true,
            limit: 50,
            offset: 0
        });

        assert.deepEqual(result, { items: keys.slice(0, 50).map(item), exclusiveEndIndex: 50, cursor: result.cursor, total: 59 });
    }
    {
        // Query specific range
        const result = await datastore.queryKeys({
            startKey: 'item:2024-01-01',
            endKey: 'item:2024-01-31',
            includeDocuments: true
        });

        assert.deepEqual(result, { items: days.slice(0, 10).map(item), exclusiveEndIndex: 10, cursor: result.cursor, total: 31 });
    }
    {
        // Query with pagination
        const result = await datastore.queryKeys({
            startKey: 'item:',
            endKey: 'item:\uffff',
            includeDocuments: true,
            limit: 20,
            offset: 40, // Skip first 40 items
            descending: true // Most recent first
        });

        const lastOnes = [...keys].reverse().slice(40).map(item);
        assert.equal(lastOnes.length, 19);
        assert.deepEqual(result, { items: lastOnes, exclusiveEndIndex: null, cursor: null, total: 59 });
    }
});

const ITEMS = [
    { id: 'item:1', type: 'item', title: 'Radio', price: 29.99, category: 'electronics', createdAt: '2024-01-15' },
    { id: 'item:2', type: 'item', title: 'Atlas', price: 9.5, category: 'books', createdAt: '2024-01-14' },
    { id: 'item:3', type: 'item', title: 'Lamp', price: 20, category: 'electronics', createdAt: '2024-02-01' },
    { id: 'item:4', type: 'item', title: 'Gift', category: 'electronics:small' },
    { id: 'item:5', type: 'item', title: 'Loose' },
    { id: 'user:1', type: 'user', category: 'electronics', price: 1, createdAt: '2024-01-15' },
];

async function storeItems(datastore) {
    await Promise.all(ITEMS.map((document) => datastore.setItem(document.id, document)));
    return ITEMS.map((document) => ({ _rev: 0, ...document }));
}

// Querying Data: Views for Complex Queries, Advanced Views
test('Views for Complex Queries: views by category, price range and date', async (t) => {
    const { datastore } = await openDirectory(t);
    const [radio, atlas, lamp, gift] = await storeItems(datastore);

    // Create a view for category-based queries
    const engine = datastore._db;
    engine.setView('itemsByCategory', {
        map: function(document, emit) {
            if (document.type === 'item' && document.category) {
                emit(document.category, {
                    id: document.id,
                    title: document.title,
                    price: document.price,
                    createdAt: document.createdAt
                });
            }
        }
    });

    // Query using the view
    const result = await datastore.queryView('itemsByCategory', {
        startKey: 'electronics',
        endKey: 'electronics\uffff',
        includeDocuments: true,
        limit: 20
    });

    const row = (key, document, ...names) => {
        const value = Object.fromEntries(
            ['id', 'title', ...names].filter((name) => name in document).map((name) => [name, document[name]]),
        );
        return { key, documentKey: document.id, value, document };
    };
    assert.deepEqual(result, {
        items: [
            row('electronics', radio, 'price', 'createdAt'),
            row('electronics', lamp, 'price', 'createdAt'),
            row('electronics:small', gift, 'price', 'createdAt'),
        ],
        exclusiveEndIndex: null, cursor: null,
        total: 3,
    });
    assert.equal((await datastore.queryView('itemsByCategory')).total, 4);

    // Querying Data: Advanced Views
    // Multi-field view
    engine.setView('itemsByPriceRange', {
        map: function(document, emit) {
            if (document.type === 'item' && document.price) {
                const priceRange = Math.floor(document.price / 10) * 10;
                emit(`${priceRange}-${priceRange + 9}`, {
                    id: document.id,
                    title: document.title,
                    price: document.price,
                    category: document.category
                });
            }
        }
    });

    // Date-based view
    engine.setView('itemsByDate', {
        map: function(document, emit) {
            if (document.type === 'item' && document.createdAt) {
                const date = new Date(document.createdAt);
                const dateKey = date.toISOString().split('T')[0]; // YYYY-MM-DD
                emit(dateKey, {
                    id: document.id,
                    title: document.title,
                    createdAt: document.createdAt
                });
            }
        }
    });

    assert.deepEqual(await datastore.queryView('itemsByPriceRange', { includeDocuments: true }), {
        items: [
            row('0-9', atlas, 'price', 'category'),
            row('20-29', radio, 'price', 'category'),
            row('20-29', lamp, 'price', 'category'),
        ],
        exclusiveEndIndex: null, cursor: null,
        total: 3,
    });
    assert.deepEqual(await datastore.queryView('itemsByDate', { includeDocuments: true }), {
        items: [
            row('2024-01-14', atlas, 'createdAt'),
            row('2024-01-15', radio, 'createdAt'),
            row('2024-02-01', lamp, 'createdAt'),
        ],
        exclusiveEndIndex: null, cursor: null,
        total: 3,
    });
    await datastore.updateItem('item:3', (found) => ({ ...found, price: 5, createdAt: '2023-01-01' }));
    await datastore.deleteItem('item:2');
    const keysOf = async (id) => (await datastore.queryView(id)).items.map(({ key }) => key);
    assert.deepEqual(await keysOf('itemsByPriceRange'), ['0-9', '20-29']);
    assert.deepEqual(await keysOf('itemsByDate'), ['2023-01-01', '2024-01-15']);
    assert.deepEqual(await keysOf('itemsByCategory'), ['electronics', 'electronics', 'electronics:small']);
});

// Data Modeling: Document Structure
test('Document Structure: documents are stored as they were designed', async (t) => {
    const { directory, datastore } = await openDirectory(t);

    // Good document structure
    const item = {
        id: 'item:123',
        type: 'item',           // Document type for filtering
        title: 'Sample Item',
        description: 'Description here',
        price: 29.99,
        category: 'electronics',
        tags: ['gadget', 'tech'],
        metadata: {
            sku: 'SKU123',
            weight: 0.5,
            dimensions: { width: 10, height: 5, depth: 2 }
        },
        status: 'active',       // For soft deletes
        createdAt: '2024-01-15T10:00:00Z',
        updatedAt: '2024-01-15T10:00:00Z'
    };

    // User document
    const user = {
        id: 'user:456',
        type: 'user',
        email: 'user@example.com',
        name: 'John Doe',
        role: 'customer',
        preferences: {
            newsletter: true,
            theme: 'dark'
        },
        createdAt: '2024-01-15T10:00:00Z',
        updatedAt: '2024-01-15T10:00:00Z'
    };

    for (const document of [item, user]) {
        assert.deepEqual(await datastore.setItem(document.id, document), { _rev: 0, ...document });
        assert.deepEqual(await datastore.getItem(document.id), { _rev: 0, ...document });
        assert.deepEqual(readJson(directory, `${encodeURIComponent(document.id)}.json`), { _rev: 0, ...document });
    }
    assert.deepEqual(documentFiles(directory), ['item%3A123.json', 'user%3A456.json']);
});

// Data Modeling: Key Naming Conventions
test('Key Naming Conventions: each pattern finds its keys', async (t) => {
    const { datastore } = await openDirectory(t);

    // Key naming patterns
    const keys = {
        // Simple items
        item: 'item:123',

        // User items
        userItem: 'user:456:item:123',

        // Date-based items
        dateItem: 'item:2024-01-15:123',

        // Category-based items
        categoryItem: 'item:electronics:123',

        // Composite keys
        composite: 'order:2024-01-15:456:item:123'
    };

    // Query patterns
    const queries = {
        // All items
        allItems: { startKey: 'item:', endKey: 'item:\uffff' },

        // User's items
        userItems: { startKey: 'user:456:item:', endKey: 'user:456:item:\uffff' },

        // Items by date
        dateItems: { startKey: 'item:2024-01-15:', endKey: 'item:2024-01-15:\uffff' },

        // Items by category
        categoryItems: { startKey: 'item:electronics:', endKey: 'item:electronics:\uffff' }
    };

    await storeAll(datastore, Object.values(keys));
    await storeAll(datastore, ['item', 'items:1', 'user:456', 'user:4567:item:1', 'item:2024-01-16:1']);
    const found = async (query) => documentKeys(await datastore.queryKeys(query));
    assert.deepEqual(await found(queries.allItems), [
        'item:123',
        'item:2024-01-15:123',
        'item:2024-01-16:1',
        'item:electronics:123',
    ]);
    assert.deepEqual(await found(queries.userItems), ['user:456:item:123']);
    assert.deepEqual(await found(queries.dateItems), ['item:2024-01-15:123']);
    assert.deepEqual(await found(queries.categoryItems), ['item:electronics:123']);
    assert.deepEqual(await found({ key: keys.composite }), [keys.composite]);
});

/** The functions of the section, over a datastore, with waits that are only remembered. */
function optimisticLocking(datastore, setTimeout) {
    // Concurrency Control: Optimistic Locking
    // Concurrent updates
    async function updateItemPrice(id, newPrice) {
        try {
            const updatedItem = await datastore.updateItem(id, (currentItem) => {
                return {
                    ...currentItem,
                    price: newPrice,
                    updatedAt: new Date().toISOString()
                };
            });
            return updatedItem;
        } catch (error) {
            if (error.name === 'ConflictError') {
                // Another process modified the document
                // Retry or handle conflict
                throw new Error('Item was modified by another user. Please try again.');
            }
            throw error;
        }
    }

    // Retry logic
    async function updateWithRetry(id, newPrice, maxRetries = 3) {
        for (let attempt = 1; attempt <= maxRetries; attempt++) {
            try {
                return await updateItemPrice(id, newPrice);
            } catch (error) {
                if (error.message.includes('modified by another user') && attempt < maxRetries) {
                    // Wait before retry
                    await new Promise(resolve => setTimeout(resolve, 100 * attempt));
                    continue;
                }
                throw error;
            }
        }
    }

    return { updateItemPrice, updateWithRetry };
}

test('Optimistic Locking: no concurrent update is lost', async (t) => {
    const { datastore } = await openDirectory(t);
    await datastore.setItem('item:123', { title: 'Sample Item', price: 1 });
    const { updateItemPrice } = optimisticLocking(datastore);
    const updated = await Promise.all([2, 3, 4].map((price) => updateItemPrice('item:123', price)));
    assert.deepEqual(
        updated.map(({ _rev, title, price }) => [_rev, title, price]),
        [
            [1, 'Sample Item', 2],
            [2, 'Sample Item', 3],
            [3, 'Sample Item', 4],
        ],
    );
    assert.deepEqual(await datastore.getItem('item:123'), updated[2]);
    assert.match(updated[2].updatedAt, ISO_DATE);
    await datastore.close();
    await assert.rejects(updateItemPrice('item:123', 5), { code: 'CLOSED' });
});

test('Optimistic Locking: a lost race is told, and the retry wins', async (t) => {
    const { datastore } = await openDirectory(t, { retries: 0 });
    await datastore.setItem('item:123', { price: 1 });
    const { updateItemPrice } = optimisticLocking(contested(datastore, 1));
    await assert.rejects(updateItemPrice('item:123', 2), { message: /modified by another user/ });
    assert.deepEqual(await datastore.getItem('item:123'), { _rev: 1, price: 1, other: 1 });

    const { delays, setTimeout } = impatience();
    const { updateWithRetry } = optimisticLocking(contested(datastore, 2), setTimeout);
    const updated = await updateWithRetry('item:123', 3);
    assert.deepEqual(delays, [100, 200]);
    assert.deepEqual(updated, { _rev: 4, price: 3, other: 2, updatedAt: updated.updatedAt });

    const hopeless = optimisticLocking(contested(datastore, 3), setTimeout);
    await assert.rejects(hopeless.updateWithRetry('item:123', 4), { message: /modified by another user/ });
    assert.deepEqual(delays, [100, 200, 100, 200]);
});

test('Optimistic Locking: the datastore itself tries again unless it is told not to', async (t) => {
    const { datastore } = await openDirectory(t);
    await datastore.setItem('item:123', { price: 1 });
    const { updateItemPrice } = optimisticLocking(contested(datastore, 5));
    const updated = await updateItemPrice('item:123', 2);
    assert.deepEqual(updated, { _rev: 6, price: 2, other: 5, updatedAt: updated.updatedAt });
});

/** The class of the section, over a datastore. */
function conflictResolver(datastore, setTimeout) {
    // Concurrency Control: Conflict Resolution
    // Conflict resolution strategies
    class ConflictResolver {
        static async resolveUpdate(id, updateFunction, strategy = 'retry') {
            switch (strategy) {
                case 'retry':
                    return this.retryStrategy(id, updateFunction);
                case 'merge':
                    return this.mergeStrategy(id, updateFunction);
                case 'last-wins':
                    return this.lastWinsStrategy(id, updateFunction);
                default:
                    throw new Error('Unknown conflict resolution strategy');
            }
        }

        static async retryStrategy(id, updateFunction, maxRetries = 3) {
            for (let attempt = 1; attempt <= maxRetries; attempt++) {
                try {
                    return await datastore.updateItem(id, updateFunction);
                } catch (error) {
                    if (error.name === 'ConflictError' && attempt < maxRetries) {
                        await new Promise(resolve => setTimeout(resolve, 100 * attempt));
                        continue;
                    }
                    throw error;
                }
            }
        }

        static async mergeStrategy(id, updateFunction) {
            // Implement merge logic for complex conflicts
            // This would compare changes and merge them intelligently
        }

        static async lastWinsStrategy(id, updateFunction) {
            // Force update, overwriting any concurrent changes
            const currentItem = await datastore.getItem(id);
            const updatedItem = updateFunction(currentItem);
            return await datastore.setItem(id, updatedItem);
        }
    }

    return ConflictResolver;
}

test('Conflict Resolution: each strategy of ConflictResolver does what it says', async (t) => {
    const { datastore } = await openDirectory(t, { retries: 0 });
    await datastore.setItem('item:123', { price: 1 });
    const raise = (item) => ({ ...item, price: item.price + 1 });

    const { delays, setTimeout } = impatience();
    const resolver = conflictResolver(contested(datastore, 2), setTimeout);
    assert.deepEqual(await resolver.resolveUpdate('item:123', raise), { _rev: 3, price: 2, other: 2 });
    assert.deepEqual(delays, [100, 200]);

    const hopeless = conflictResolver(contested(datastore, 3), setTimeout);
    await assert.rejects(hopeless.resolveUpdate('item:123', raise, 'retry'), {
        name: 'ConflictError',
        code: 'CONFLICT',
        key: 'item:123',
    });
    assert.deepEqual(delays, [100, 200, 100, 200]);
    assert.deepEqual(await datastore.getItem('item:123'), { _rev: 6, price: 2, other: 3 });

    assert.equal(await resolver.resolveUpdate('item:123', raise, 'merge'), undefined);
    const won = await resolver.resolveUpdate('item:123', raise, 'last-wins');
    assert.deepEqual(won, { _rev: 7, price: 3, other: 3 });
    assert.deepEqual(await datastore.getItem('item:123'), won);
    await assert.rejects(resolver.resolveUpdate('item:123', raise, 'other'), {
        message: 'Unknown conflict resolution strategy',
    });
    const failing = () => {
        throw new TypeError('own');
    };
    await assert.rejects(resolver.resolveUpdate('item:123', failing), { name: 'TypeError', message: 'own' });
});

/** The class of the section, over a datastore. */
function queryOptimizer(datastore) {
    // Performance Optimization: Efficient Queries
    // Efficient querying patterns
    class QueryOptimizer {
        // Use views for complex queries
        static async getItemsByCategory(category, options = {}) {
            return await datastore.queryView('itemsByCategory', {
                startKey: category,
                endKey: category + '\uffff',
                includeDocuments: true,
                limit: options.limit || 50,
                offset: options.offset || 0
            });
        }

        // Use pagination for large datasets
        static async getItemsPaginated(page = 1, pageSize = 20) {
            const offset = (page - 1) * pageSize;
            return await datastore.queryKeys({
                startKey: 'item:',
                endKey: 'item:\uffff',
                includeDocuments: true,
                limit: pageSize,
                offset: offset
            });
        }

        // Use specific key ranges
        static async getRecentItems(days = 7) {
            const cutoffDate = new Date();
            cutoffDate.setDate(cutoffDate.getDate() - days);
            const startKey = `item:${cutoffDate.toISOString().split('T')[0]}`;

            return await datastore.queryKeys({
                startKey: startKey,
                endKey: 'item:\uffff',
                includeDocuments: true,
                limit: 100,
                descending: true
            });
        }
    }

    return QueryOptimizer;
}

test('Efficient Queries: QueryOptimizer pages through views, keys and recent items', async (t) => {
    const { datastore } = await openDirectory(t);
    const optimizer = queryOptimizer(datastore);
    await storeItems(datastore);
    datastore.setView('itemsByCategory', {
        map: (document, emit) => document.type === 'item' && document.category && emit(document.category),
    });
    const all = await optimizer.getItemsByCategory('electronics');
    assert.deepEqual(documentKeys(all), ['item:1', 'item:3', 'item:4']);
    assert.deepEqual(all.items[0].document, { _rev: 0, ...ITEMS[0] });
    const second = await optimizer.getItemsByCategory('electronics', { limit: 1, offset: 1 });
    assert.deepEqual(documentKeys(second), ['item:3']);
    assert.deepEqual([second.exclusiveEndIndex, second.total], [2, 3]);

    const pages = [1, 2, 3, 4].map((page) => optimizer.getItemsPaginated(page, 2));
    assert.deepEqual((await Promise.all(pages)).map(documentKeys), [
        ['item:1', 'item:2'],
        ['item:3', 'item:4'],
        ['item:5'],
        [],
    ]);
    assert.equal((await optimizer.getItemsPaginated()).total, 5);

    const daysAgo = (days) => new Date(Date.now() - days * 86_400_000).toISOString().split('T')[0];
    const dated = [1, 3, 20].map((days) => `item:${daysAgo(days)}:x`);
    await storeAll(datastore, dated);
    const recent = await optimizer.getRecentItems();
    assert.deepEqual(documentKeys(recent), ['item:5', 'item:4', 'item:3'].concat(dated.slice(0, 2)));
    assert.deepEqual(documentKeys(await optimizer.getRecentItems(30)).slice(3), dated);
});

// Performance Optimization: Memory Management
// Memory monitoring
class MemoryMonitor {
    static getMemoryUsage() {
        const usage = process.memoryUsage();
        return {
            rss: `${Math.round(usage.rss / 1024 / 1024)}MB`,
            heapUsed: `${Math.round(usage.heapUsed / 1024 / 1024)}MB`,
            heapTotal: `${Math.round(usage.heapTotal / 1024 / 1024)}MB`,
            external: `${Math.round(usage.external / 1024 / 1024)}MB`
        };
    }

    static logMemoryUsage(logger) {
        const usage = this.getMemoryUsage();
        logger.info('Memory usage', usage);
    }

    // Monitor datastore size
    static async getDatastoreStats(datastore) {
        const result = await datastore.queryKeys({
            startKey: '',
            endKey: '\uffff',
            includeDocuments: false
        });

        return {
            totalDocuments: result.total,
            estimatedSize: `${Math.round(result.total * 1024 / 1024)}MB` // Rough estimate
        };
    }
}

test('Memory Management: MemoryMonitor counts every document', async (t) => {
    const { datastore } = await openDirectory(t);
    const told = [];
    MemoryMonitor.logMemoryUsage({ info: (...line) => told.push(line) });
    assert.equal(told.length, 1);
    assert.equal(told[0][0], 'Memory usage');
    assert.deepEqual(Object.keys(told[0][1]), ['rss', 'heapUsed', 'heapTotal', 'external']);
    for (const amount of Object.values(told[0][1])) {
        assert.match(amount, /^\d+MB$/);
    }
    assert.deepEqual(await MemoryMonitor.getDatastoreStats(datastore), { totalDocuments: 0, estimatedSize: '0MB' });
    await storeAll(datastore, Array.from({ length: 1_000 }, (_, index) => `item:${index}`));
    await storeAll(datastore, ['\u{1f600}', '\uffff', '\0']);
    const stats = await MemoryMonitor.getDatastoreStats(datastore);
    assert.deepEqual(stats, { totalDocuments: 1_003, estimatedSize: '1003MB' });
});

/** The class of the section, with a console. */
function schemaMigrator(console) {
    // Data Migration: Schema Evolution
    // Schema migration utility
    class SchemaMigrator {
        static async migrateDocuments(datastore, migrationFunction) {
            const result = await datastore.queryKeys({
                startKey: '',
                endKey: '\uffff',
                includeDocuments: true
            });

            let migrated = 0;
            let errors = 0;

            for (const item of result.items) {
                try {
                    const migratedDocument = migrationFunction(item.document);
                    await datastore.setItem(item.key, migratedDocument);
                    migrated++;
                } catch (error) {
                    console.error(`Migration failed for ${item.key}:`, error);
                    errors++;
                }
            }

            return { migrated, errors, total: result.total };
        }

        // Example migration: Add new field
        static async addNewField(datastore, fieldName, defaultValue) {
            return await this.migrateDocuments(datastore, (document) => {
                if (!(fieldName in document)) {
                    return { ...document, [fieldName]: defaultValue };
                }
                return document;
            });
        }

        // Example migration: Rename field
        static async renameField(datastore, oldField, newField) {
            return await this.migrateDocuments(datastore, (document) => {
                if (oldField in document && !(newField in document)) {
                    const { [oldField]: value, ...rest } = document;
                    return { ...rest, [newField]: value };
                }
                return document;
            });
        }
    }

    return SchemaMigrator;
}

test('Schema Evolution: SchemaMigrator changes what a query of its own gives', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    const console = recorder();
    const migrator = schemaMigrator(console);
    await datastore.setItem('a', { old: 1 });
    await datastore.setItem('b', { old: 2, status: 'kept' });
    await datastore.setItem('c', {});

    const added = await migrator.addNewField(datastore, 'status', 'new');
    assert.deepEqual(added, { migrated: 3, errors: 0, total: 3 });
    assert.deepEqual(await datastore.getItems(['a', 'b', 'c']), [
        { _rev: 1, old: 1, status: 'new' },
        { _rev: 1, old: 2, status: 'kept' },
        { _rev: 1, status: 'new' },
    ]);

    const renamed = await migrator.renameField(datastore, 'old', 'new');
    assert.deepEqual(renamed, { migrated: 3, errors: 0, total: 3 });
    assert.deepEqual(await datastore.getItem('a'), { _rev: 2, new: 1, status: 'new' });
    assert.deepEqual(readJson(directory, 'b.json'), { _rev: 2, new: 2, status: 'kept' });

    const failed = await migrator.migrateDocuments(datastore, (document) => {
        if (document.new === 1) {
            throw new Error('own');
        }
        return document.new === 2 ? { ...document, _rev: 0 } : document;
    });
    assert.deepEqual(failed, { migrated: 1, errors: 2, total: 3 });
    assert.deepEqual(
        console.errors.map(([message, error]) => [message, error.code ?? error.message]),
        [
            ['Migration failed for a:', 'own'],
            ['Migration failed for b:', 'CONFLICT'],
        ],
    );
    assert.deepEqual(
        (await datastore.getItems(['a', 'b', 'c'])).map(({ _rev }) => _rev),
        [2, 2, 3],
    );
});

test('Schema Evolution: without a limit a query gives ten documents, and the total of all', async (t) => {
    const { datastore } = await openDirectory(t);
    const keys = await storeAll(datastore, Array.from({ length: 12 }, (_, index) => `item:${index}`));
    const migrator = schemaMigrator(recorder());
    const added = await migrator.addNewField(datastore, 'status', 'new');
    assert.deepEqual(added, { migrated: 10, errors: 0, total: 12 });
    const statuses = (await datastore.getItems(keys)).map(({ status }) => status);
    assert.deepEqual(statuses, [...Array(10).fill('new'), undefined, undefined]);
});

/** The class of the section, with a console. */
function dataBackup(console) {
    // Backup and Recovery: Data Backup
    // Backup utility
    class DataBackup {
        static async createBackup(datastore, backupPath) {
            const result = await datastore.queryKeys({
                startKey: '',
                endKey: '\uffff',
                includeDocuments: true
            });

            const backup = {
                timestamp: new Date().toISOString(),
                version: '1.0',
                documents: result.items.map(item => ({
                    key: item.key,
                    document: item.document
                }))
            };

            // Write backup to file
            const fs = await import('fs/promises');
            await fs.writeFile(backupPath, JSON.stringify(backup, null, 2));

            return {
                path: backupPath,
                documentCount: result.total,
                size: `${Math.round(JSON.stringify(backup).length / 1024)}KB`
            };
        }

        static async restoreBackup(datastore, backupPath) {
            const fs = await import('fs/promises');
            const backupData = JSON.parse(await fs.readFile(backupPath, 'utf8'));

            let restored = 0;
            let errors = 0;

            for (const item of backupData.documents) {
                try {
                    await datastore.setItem(item.key, item.document);
                    restored++;
                } catch (error) {
                    console.error(`Restore failed for ${item.key}:`, error);
                    errors++;
                }
            }

            return { restored, errors, total: backupData.documents.length };
        }
    }

    return DataBackup;
}

test('Data Backup: DataBackup writes a file from which another store is made', async (t) => {
    const { datastore } = await openDirectory(t);
    const folder = temporaryDirectory(t);
    const backupPath = path.join(folder, 'backup.json');
    const console = recorder();
    const backup = dataBackup(console);
    await datastore.setItem('user:\u{1f600}', { name: '\ud83d', list: [1, [2]] });
    await datastore.setItem('user:1', { name: 'John' });
    await datastore.setItem('user:1', { name: 'Johnny' });

    const made = await backup.createBackup(datastore, backupPath);
    assert.deepEqual(made, { path: backupPath, documentCount: 2, size: '0KB' });
    const written = JSON.parse(fs.readFileSync(backupPath, 'utf8'));
    assert.match(written.timestamp, ISO_DATE);
    assert.deepEqual(written, {
        timestamp: written.timestamp,
        version: '1.0',
        documents: [
            { key: 'user:1', document: { _rev: 1, name: 'Johnny' } },
            { key: 'user:\u{1f600}', document: { _rev: 0, name: '\ud83d', list: [1, [2]] } },
        ],
    });

    const { datastore: other } = await openDirectory(t);
    assert.deepEqual(await backup.restoreBackup(other, backupPath), { restored: 2, errors: 0, total: 2 });
    assert.deepEqual((await other.queryKeys({ includeDocuments: true })).items.map(({ document }) => document), [
        { _rev: 0, name: 'Johnny' },
        { _rev: 0, name: '\ud83d', list: [1, [2]] },
    ]);

    await datastore.setItem('user:1', { name: 'Later' });
    assert.deepEqual(await backup.restoreBackup(datastore, backupPath), { restored: 1, errors: 1, total: 2 });
    assert.equal(console.errors.length, 1);
    assert.equal(console.errors[0][0], 'Restore failed for user:1:');
    assert.equal(console.errors[0][1].code, 'CONFLICT');
    assert.equal((await datastore.getItem('user:1')).name, 'Later');
});

// Best Practices: 1. Key Design
test('Key Design: good keys are found by their structure and bad ones are keys too', async (t) => {
    const { datastore } = await openDirectory(t);

    // Good key design
    const goodKeys = {
        // Hierarchical
        userOrder: 'user:123:order:456',

        // Date-based
        dateItem: 'item:2024-01-15:789',

        // Category-based
        categoryItem: 'item:electronics:101',

        // Composite
        composite: 'order:2024-01-15:456:item:789'
    };

    // Avoid
    const badKeys = {
        // Random IDs (hard to query)
        random: 'item:abc123def456',

        // No structure
        unstructured: 'item123'
    };

    await storeAll(datastore, [...Object.values(goodKeys), ...Object.values(badKeys)]);
    const found = async (prefix) => documentKeys(await datastore.queryKeys({ startKey: prefix, endKey: `${prefix}\uffff` }));
    assert.deepEqual(await found('user:123:'), [goodKeys.userOrder]);
    assert.deepEqual(await found('item:2024-01-15:'), [goodKeys.dateItem]);
    assert.deepEqual(await found('item:electronics:'), [goodKeys.categoryItem]);
    assert.deepEqual(await found('order:2024-01-15:456:'), [goodKeys.composite]);
    assert.deepEqual(await found('item:'), [goodKeys.dateItem, badKeys.random, goodKeys.categoryItem]);
    assert.deepEqual(await found('item1'), [badKeys.unstructured]);
});

// Best Practices: 2. Document Design
test('Document Design: nested groups are kept', async (t) => {
    const { directory, datastore } = await openDirectory(t);

    // Good document design
    const goodDocument = {
        id: 'item:123',
        type: 'item',           // For filtering
        title: 'Sample Item',
        category: 'electronics',
        status: 'active',       // For soft deletes
        metadata: {             // Group related fields
            sku: 'SKU123',
            weight: 0.5
        },
        timestamps: {           // Group timestamps
            createdAt: '2024-01-15T10:00:00Z',
            updatedAt: '2024-01-15T10:00:00Z'
        }
    };

    assert.deepEqual(await datastore.setItem(goodDocument.id, goodDocument), { _rev: 0, ...goodDocument });
    assert.deepEqual(await datastore.getItem('item:123'), { _rev: 0, ...goodDocument });
    const text = fs.readFileSync(path.join(directory, 'item%3A123.json'), 'utf8');
    assert.equal(text, `${JSON.stringify({ _rev: 0, ...goodDocument }, null, 4)}\n`);
});

// Best Practices: 3. Query Optimization
test('Query Optimization: a view may emit whole documents, and replaces one of its name', async (t) => {
    const { datastore } = await openDirectory(t);
    const engine = datastore._db;
    const [radio, atlas, lamp, gift] = await storeItems(datastore);
    engine.setView('itemsByCategory', { map: (document, emit) => emit('old') });
    assert.equal((await datastore.queryView('itemsByCategory')).total, 6);

    // Use views for complex queries
    engine.setView('itemsByCategory', {
        map: function(document, emit) {
            if (document.type === 'item' && document.category) {
                emit(document.category, document);
            }
        }
    });

    // Use pagination for large datasets
    const result = await datastore.queryKeys({
        startKey: 'item:',
        endKey: 'item:\uffff',
        includeDocuments: true,
        limit: 20,  // Reasonable page size
        offset: 0
    });

    const row = (document) => ({ key: document.category, documentKey: document.id, value: document });
    assert.deepEqual(await datastore.queryView('itemsByCategory'), {
        items: [row(atlas), row(radio), row(lamp), row(gift)],
        exclusiveEndIndex: null, cursor: null,
        total: 4,
    });
    assert.deepEqual(documentKeys(result), ['item:1', 'item:2', 'item:3', 'item:4', 'item:5']);
    assert.deepEqual(result.items[0].document, radio);
    assert.deepEqual([result.exclusiveEndIndex, result.total], [null, 5]);
});

/** The functions of the section, over a datastore. */
function errorHandling(datastore) {
    // Best Practices: 4. Error Handling
    // Robust error handling
    async function safeGetItem(id) {
        try {
            return await datastore.getItem(id);
        } catch (error) {
            if (error.name === 'NotFoundError') {
                return null;
            }
            throw error;
        }
    }

    async function safeUpdateItem(id, updateFunction) {
        try {
            return await datastore.updateItem(id, updateFunction);
        } catch (error) {
            if (error.name === 'ConflictError') {
                // Handle concurrent modification
                throw new Error('Item was modified by another user');
            }
            throw error;
        }
    }

    return { safeGetItem, safeUpdateItem };
}

test('Error Handling: names tell what is missing and what was changed meanwhile', async (t) => {
    const { datastore } = await openDirectory(t, { retries: 0 });
    await datastore.setItem('item:123', { price: 1 });
    const { safeGetItem, safeUpdateItem } = errorHandling(datastore);
    assert.deepEqual(await safeGetItem('item:123'), { _rev: 0, price: 1 });
    assert.equal(await safeGetItem('item:404'), null);
    assert.deepEqual(await safeUpdateItem('item:123', (item) => ({ ...item, price: 2 })), { _rev: 1, price: 2 });

    const demanding = errorHandling({ getItem: (key) => datastore.getItem(key, { required: true }) });
    assert.equal(await demanding.safeGetItem('item:404'), null);
    assert.deepEqual(await demanding.safeGetItem('item:123'), { _rev: 1, price: 2 });
    await assert.rejects(demanding.safeGetItem(''), { name: 'AssertionError', code: 'ASSERTION' });

    const losing = errorHandling(contested(datastore, 1));
    await assert.rejects(losing.safeUpdateItem('item:123', (item) => item), {
        message: 'Item was modified by another user',
    });
    const failing = () => {
        throw new TypeError('own');
    };
    await assert.rejects(safeUpdateItem('item:123', failing), { name: 'TypeError', message: 'own' });
    assert.deepEqual(await datastore.getItem('item:123'), { _rev: 2, price: 2, other: 1 });
});
