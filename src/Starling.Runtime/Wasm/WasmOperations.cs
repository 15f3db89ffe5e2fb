using System;
using System.Runtime.CompilerServices;
using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm;

/// <summary>
/// Instructions on memory and tables as a whole, called by compiled code with the address of the instance's block behind their operands. What
/// moves many bytes costs fuel by their number.
/// </summary>
internal static unsafe class WasmOperations
{
    /// <summary>Bytes that one unit of fuel moves.</summary>
    public const int BytesPerFuel = 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Select(int first, int second, int condition) => condition != 0 ? first : second;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Select(long first, long second, int condition) => condition != 0 ? first : second;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Select(float first, float second, int condition) => condition != 0 ? first : second;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Select(double first, double second, int condition) => condition != 0 ? first : second;

    /// <summary>The function that an indirect call means.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Resolve(int index, nint table, long type)
    {
        var state = (TableState*)table;
        if ((uint)index >= state->Count)
        {
            WasmTraps.TableOutOfBounds();
        }

        var entry = (FunctionEntry*)((long*)state->Elements)[(uint)index];
        if (entry == null)
        {
            WasmTraps.NoFunction();
        }

        if (entry->Type != type)
        {
            WasmTraps.WrongFunctionType();
        }

        return (nint)entry;
    }

    /// <summary>Uses fuel for work that its caller is about to do.</summary>
    public static void Charge(nint instance, ulong units)
    {
        var fuel = (long*)(instance + InstanceLayout.Fuel);
        *fuel -= (long)units;
        if (*fuel < 0)
        {
            WasmTraps.OutOfFuel();
        }
    }

    public static int MemoryGrow(int pages, nint instance)
    {
        LinearMemory memory = WasmInstance.Of(instance).Memory!;
        int before = memory.Grow((uint)pages);
        if (before >= 0)
        {
            Charge(instance, (uint)pages * (ulong)(WasmLimits.PageSize / BytesPerFuel));
        }

        return before;
    }

    public static void MemoryFill(int start, int value, int count, nint instance)
    {
        Charge(instance, (uint)count / BytesPerFuel);
        MemoryState* memory = MemoryOf(instance, start, count);
        Unsafe.InitBlockUnaligned((byte*)memory->Base + (uint)start, (byte)value, (uint)count);
    }

    public static void MemoryCopy(int to, int from, int count, nint instance)
    {
        Charge(instance, (uint)count / BytesPerFuel);
        MemoryOf(instance, from, count);
        MemoryState* memory = MemoryOf(instance, to, count);
        Buffer.MemoryCopy((byte*)memory->Base + (uint)from, (byte*)memory->Base + (uint)to, (uint)count, (uint)count);
    }

    public static void MemoryInit(int to, int from, int count, nint instance, int segment)
    {
        Charge(instance, (uint)count / BytesPerFuel);
        ReadOnlySpan<byte> data = WasmInstance.Of(instance).DataOf(segment);
        MemoryState* memory = MemoryOf(instance, to, count);
        if ((uint)from + (ulong)(uint)count > (uint)data.Length)
        {
            WasmTraps.MemoryOutOfBounds();
        }

        data.Slice(from, count).CopyTo(new Span<byte>((byte*)memory->Base + (uint)to, count));
    }

    public static void DataDrop(nint instance, int segment) => WasmInstance.Of(instance).DropData(segment);

    public static void ElemDrop(nint instance, int segment) => WasmInstance.Of(instance).DropElements(segment);

    public static long TableGet(int index, nint instance, int table) => *ElementOf(instance, table, index);

    public static void TableSet(int index, long value, nint instance, int table) => *ElementOf(instance, table, index) = value;

    public static int TableSize(nint instance, int table) => WasmInstance.Of(instance).Tables[table].Elements.Length;

    public static int TableGrow(long value, int count, nint instance, int table)
    {
        int before = WasmInstance.Of(instance).Tables[table].Grow((uint)count, value);
        if (before >= 0)
        {
            Charge(instance, (uint)count);
        }

        return before;
    }

    public static void TableFill(int start, long value, int count, nint instance, int table)
    {
        Charge(instance, (uint)count);
        Range(WasmInstance.Of(instance).Tables[table].Elements, start, count).Fill(value);
    }

    public static void TableCopy(int to, int from, int count, nint instance, int toTable, int fromTable)
    {
        Charge(instance, (uint)count);
        WasmInstance owner = WasmInstance.Of(instance);
        Span<long> source = Range(owner.Tables[fromTable].Elements, from, count);
        source.CopyTo(Range(owner.Tables[toTable].Elements, to, count));
    }

    public static void TableInit(int to, int from, int count, nint instance, int segment, int table)
    {
        Charge(instance, (uint)count);
        WasmInstance owner = WasmInstance.Of(instance);
        ReadOnlySpan<long> source = Range(owner.ElementsOf(segment).AsSpan(), from, count);
        source.CopyTo(Range(owner.Tables[table].Elements, to, count));
    }

    private static Span<long> Range(Span<long> elements, int start, int count)
    {
        if ((uint)start + (ulong)(uint)count > (uint)elements.Length)
        {
            WasmTraps.TableOutOfBounds();
        }

        return elements.Slice(start, count);
    }

    private static long* ElementOf(nint instance, int table, int index)
    {
        var state = (TableState*)WasmInstance.Of(instance).Tables[table].State;
        if ((uint)index >= state->Count)
        {
            WasmTraps.TableOutOfBounds();
        }

        return (long*)state->Elements + (uint)index;
    }

    private static MemoryState* MemoryOf(nint instance, int start, int count)
    {
        var memory = *(MemoryState**)(instance + InstanceLayout.Memory);
        if ((uint)start + (ulong)(uint)count > memory->Length)
        {
            WasmTraps.MemoryOutOfBounds();
        }

        return memory;
    }
}
