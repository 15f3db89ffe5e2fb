using System;
using Microsoft.Win32.SafeHandles;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Runtime.Storage;

/// <summary>A content that waits to be made a stored result: in memory up to the inline threshold, else a temporary file.</summary>
/// <param name="Result">Its length and root.</param>
/// <param name="Inline">Its bytes, when there is no file.</param>
/// <param name="File">Its file, open; null when it is in memory or was lost.</param>
/// <param name="Path">Path of that file.</param>
/// <param name="Leaves">Its block hashes, unless it is inline.</param>
/// <param name="Problem">Why its content was lost (disk full while it was written); null when it is there.</param>
internal sealed record FinishedContent(
    ResultId Result, ReadOnlyMemory<byte> Inline, SafeFileHandle? File, string? Path, Hash256[]? Leaves, Problem? Problem);
