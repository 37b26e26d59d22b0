'use strict';

/** The services of the specification: what an application writes on top of a datastore. */

class UserService {
    constructor(datastore) {
        this.datastore = datastore;
        datastore.setView('activeUsers', {
            map(document, emit) {
                if (document.status === 'active') {
                    emit(document.email, { name: document.name, lastLogin: document.lastLogin });
                }
            },
        });
    }

    async createUser(userData) {
        const userId = `user:${Date.now()}`;
        const user = { ...userData, id: userId, createdAt: new Date().toISOString(), status: 'active' };
        return await this.datastore.setItem(userId, user);
    }

    async getUser(userId) {
        return await this.datastore.getItem(userId);
    }

    async updateUser(userId, updates) {
        return await this.datastore.updateItem(userId, (currentUser) => {
            return { ...currentUser, ...updates, updatedAt: new Date().toISOString() };
        });
    }

    async deleteUser(userId) {
        return await this.datastore.deleteItem(userId);
    }

    async getActiveUsers(limit = 20) {
        return await this.datastore.queryView('activeUsers', { limit, includeDocuments: true });
    }
}

class BlogService {
    constructor(datastore) {
        this.datastore = datastore;
        this.setupViews();
    }

    setupViews() {
        this.datastore.setView('postsByTag', {
            map(document, emit) {
                if (document.tags) {
                    document.tags.forEach((tag) => {
                        emit(tag, { id: document.id, title: document.title, author: document.author });
                    });
                }
            },
        });
        this.datastore.setView('postsByAuthor', {
            map(document, emit) {
                emit(document.author, {
                    id: document.id,
                    title: document.title,
                    publishedAt: document.publishedAt,
                });
            },
        });
    }

    async createPost(postData) {
        const postId = `post:${Date.now()}`;
        const post = {
            ...postData,
            id: postId,
            createdAt: new Date().toISOString(),
            publishedAt: postData.published ? new Date().toISOString() : null,
        };
        return await this.datastore.setItem(postId, post);
    }

    async getPostsByTag(tag, limit = 10) {
        return await this.datastore.queryView('postsByTag', { key: tag, limit, includeDocuments: true });
    }

    async getPostsByAuthor(author, limit = 10) {
        return await this.datastore.queryView('postsByAuthor', { key: author, limit, includeDocuments: true });
    }
}

module.exports = { BlogService, UserService };
