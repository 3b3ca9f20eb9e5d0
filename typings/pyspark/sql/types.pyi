from collections.abc import Iterator

class DataType: ...

class StructField:
    name: str
    dataType: DataType

class StructType(DataType):
    names: list[str]
    def add(self, field: str, data_type: str | DataType, nullable: bool = ...) -> StructType: ...
    def __iter__(self) -> Iterator[StructField]: ...
