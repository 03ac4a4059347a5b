//! Up to [`ROWS`] rows of a table, in the order of their ids, with those columns that are held.

use std::sync::Arc;

use super::bits::{Bits, ROWS};
use super::cells::Cells;
use crate::id::{Id, RecordId};
use crate::model::expr::{Column, Row};
use crate::model::value::Value;
use crate::query::row::Stored;

/// Rows and their values. What does not change from one number to the next is shared between both.
#[derive(Clone, Debug)]
pub struct Chunk {
    ids: Arc<Vec<u128>>,
    /// In the order of the table's columns.
    cells: Vec<Arc<Cells>>,
    memory: usize,
}

/// What became of one record.
#[derive(Debug)]
pub struct Edit {
    pub id: u128,
    /// `None` if it is gone.
    pub now: Option<Stored>,
}

/// A chunk being made.
#[derive(Debug)]
pub struct Open {
    ids: Vec<u128>,
    cells: Vec<Cells>,
}

impl Open {
    pub fn new(columns: &[Column]) -> Open {
        let cells = columns.iter().filter_map(|column| column.kind).map(Cells::new).collect();
        Open { ids: Vec::new(), cells }
    }

    pub fn push(&mut self, columns: &[Column], row: &Stored) {
        self.ids.push(row.id().to_number());
        for (cells, column) in self.cells.iter_mut().zip(columns) {
            cells.push(&row.value(*column));
        }
    }

    fn push_row(&mut self, chunk: &Chunk, row: usize) {
        self.ids.extend(chunk.ids.get(row));
        for (cells, from) in self.cells.iter_mut().zip(&chunk.cells) {
            cells.push(&from.get(row));
        }
    }

    pub fn rows(&self) -> usize {
        self.ids.len()
    }

    pub fn close(mut self) -> Chunk {
        self.ids.shrink_to_fit();
        self.cells.iter_mut().for_each(Cells::seal);
        let cells = self.cells.into_iter().map(Arc::new).collect();
        Chunk { ids: Arc::new(self.ids), cells, memory: 0 }.measured()
    }
}

impl Chunk {
    fn measured(mut self) -> Chunk {
        let cells: usize = self.cells.iter().map(|cells| cells.memory()).sum();
        self.memory = size_of::<Chunk>() + 16 * self.ids.capacity() + cells;
        self
    }

    pub fn rows(&self) -> usize {
        self.ids.len()
    }

    /// Bytes in memory.
    pub fn memory(&self) -> usize {
        self.memory
    }

    pub fn ids(&self) -> &[u128] {
        &self.ids
    }

    pub fn id(&self, row: usize) -> RecordId {
        RecordId::from_number(self.ids.get(row).copied().unwrap_or_default())
    }

    /// The column in place `n` of the table's columns.
    pub fn cells(&self, n: usize) -> Option<&Cells> {
        self.cells.get(n).map(AsRef::as_ref)
    }

    pub fn value(&self, n: usize, row: usize) -> Value<'_> {
        self.cells(n).map_or(Value::Empty, |cells| cells.get(row))
    }

    pub fn all(&self) -> Bits {
        Bits::first(self.rows())
    }

    /// The same rows with more columns, those of `more`, which has the same rows.
    pub fn with(&self, more: Chunk) -> Option<Chunk> {
        if self.ids != more.ids {
            return None;
        }
        let cells = self.cells.iter().cloned().chain(more.cells).collect();
        Some(Chunk { ids: self.ids.clone(), cells, memory: 0 }.measured())
    }

    /// The chunk, or the chunks, that it becomes. `edits` are in the order of their ids, each id once; `changed` says
    /// whether any of them may have changed a column.
    pub fn edited(&self, columns: &[Column], edits: &[Edit], changed: impl Fn(Column) -> bool) -> Vec<Chunk> {
        let last = self.ids.last().copied();
        let places: Option<Vec<usize>> = edits
            .iter()
            .map(|edit| self.ids.binary_search(&edit.id).ok().filter(|_| edit.now.is_some()))
            .collect();
        if let Some(places) = places {
            return vec![self.rows_set(columns, &places, edits, changed)];
        }
        let appended = edits.iter().all(|edit| edit.now.is_some() && Some(edit.id) > last);
        if appended && self.rows() + edits.len() <= ROWS {
            return vec![self.rows_appended(columns, edits)];
        }
        self.merged(columns, edits)
    }

    fn rows_set(
        &self,
        columns: &[Column],
        places: &[usize],
        edits: &[Edit],
        changed: impl Fn(Column) -> bool,
    ) -> Chunk {
        let mut chunk = self.clone();
        for (cells, column) in chunk.cells.iter_mut().zip(columns).filter(|(_, column)| changed(**column)) {
            let cells = Arc::make_mut(cells);
            for (row, edit) in places.iter().zip(edits) {
                edit.now.iter().for_each(|now| cells.set(*row, &now.value(*column)));
            }
        }
        chunk.measured()
    }

    fn rows_appended(&self, columns: &[Column], edits: &[Edit]) -> Chunk {
        let mut chunk = self.clone();
        Arc::make_mut(&mut chunk.ids).extend(edits.iter().map(|edit| edit.id));
        for (cells, column) in chunk.cells.iter_mut().zip(columns) {
            let cells = Arc::make_mut(cells);
            for now in edits.iter().filter_map(|edit| edit.now.as_ref()) {
                cells.push(&now.value(*column));
            }
            if chunk.ids.len() == ROWS {
                cells.seal();
            }
        }
        chunk.measured()
    }

    /// Both in one order, in as few chunks of even size as hold them.
    fn merged(&self, columns: &[Column], edits: &[Edit]) -> Vec<Chunk> {
        enum From<'a> {
            Held(usize),
            Edit(&'a Stored),
        }
        let mut order = Vec::with_capacity(self.rows() + edits.len());
        let mut edits = edits.iter().peekable();
        for (row, id) in self.ids.iter().enumerate() {
            while let Some(edit) = edits.next_if(|edit| edit.id < *id) {
                order.extend(edit.now.as_ref().map(From::Edit));
            }
            match edits.next_if(|edit| edit.id == *id) {
                Some(edit) => order.extend(edit.now.as_ref().map(From::Edit)),
                None => order.push(From::Held(row)),
            }
        }
        order.extend(edits.filter_map(|edit| edit.now.as_ref()).map(From::Edit));
        let pieces = order.len().div_ceil(ROWS);
        if pieces == 0 {
            return Vec::new();
        }
        let chunks = order.chunks(order.len().div_ceil(pieces)).map(|rows| {
            let mut open = Open::new(columns);
            for row in rows {
                match row {
                    From::Held(row) => open.push_row(self, *row),
                    From::Edit(now) => open.push(columns, now),
                }
            }
            open.close()
        });
        chunks.collect()
    }
}
