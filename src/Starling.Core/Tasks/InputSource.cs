using System;

namespace Starling.Core.Tasks;

/// <summary>
/// What a task file says, outside of <c>info</c>, about an input that is a torrent of somebody else: where it comes from. At least one of the two is there.
/// </summary>
/// <param name="Torrent">The bytes of its .torrent file; empty: peers tell the metadata.</param>
/// <param name="Magnet">Its link, with whom to ask; null: none.</param>
public sealed record InputSource(ReadOnlyMemory<byte> Torrent, string? Magnet);
